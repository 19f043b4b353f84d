"""From a worker process to the display: a pipe for each worker.

No lock is shared, so a worker that is killed while it writes harms nobody: the reader sees the end of its pipe. Each
pipe has a reader thread, so a worker that is frozen in the middle of a message keeps nobody else waiting. A worker
hands its messages to a thread of its own and never waits for the display.
"""

from __future__ import annotations

import atexit
import io
import queue
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from search.progress.facts import Message, Printed

LAST_WORDS_SECONDS = 2.0


class Sender:
    """A worker's end of the pipe. What is not sent yet when the process exits is sent then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="messages to the display", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def __call__(self, message: Message) -> None:
        self._messages.put(message)

    def close(self) -> None:
        """Send what is left, unless the display reads no more."""
        self._messages.put(None)
        self._thread.join(LAST_WORDS_SECONDS)

    def _work(self) -> None:
        try:
            while (message := self._messages.get()) is not None:
                self._connection.send(message)
        except OSError:  # nobody reads any more: the parent has ended, and this process is about to
            return


class _Lines(io.TextIOBase):
    """A text stream that sends each line as it is whole. Of a line that is drawn again, the last state counts."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._begun = ""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
            for line in lines:
                self._send(Printed(line.rstrip("\r").rpartition("\r")[2]))
        return len(text)


def send_what_is_printed(send: Callable[[Message], None]) -> None:
    """From now on this process prints to the display, which alone knows where the terminal's cursor is."""
    sys.stdout = sys.stderr = _Lines(send)


def listen(connection: Connection, take: Callable[[Message], None]) -> threading.Thread:
    """Give each message to `take`, in a thread that ends when the worker does."""

    def work() -> None:
        with connection:
            try:
                while True:
                    take(connection.recv())
            except (EOFError, OSError):
                return

    thread = threading.Thread(target=work, name="messages of a worker", daemon=True)
    thread.start()
    return thread
