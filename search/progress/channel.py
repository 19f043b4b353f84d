"""From a worker process to the display: a pipe for each worker.

No lock is shared, so a worker that is killed while it writes blocks no other: the reader sees the end of its pipe. Each
pipe has a reader thread, so a worker that is frozen in the middle of a message delays no other worker. A worker's
messages are sent by a thread of their own, so the worker never waits for the display.
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
    """A worker's end of the pipe. Messages that are not sent yet when the process exits are sent then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="messages to the display", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def __call__(self, message: Message) -> None:
        self._messages.put(message)

    def close(self) -> None:
        """Send the remaining messages, if the display still reads."""
        self._messages.put(None)
        self._thread.join(LAST_WORDS_SECONDS)

    def _work(self) -> None:
        try:
            while (message := self._messages.get()) is not None:
                self._connection.send(message)
        except OSError:  # the reader is gone: the parent has ended, and this process is about to end
            return


class _Lines(io.TextIOBase):
    """A text stream that sends each complete line. Of a line that is drawn repeatedly, it sends the last state."""

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
    """Let this process print to the display from now on: only the display knows where the terminal's cursor is."""
    sys.stdout = sys.stderr = _Lines(send)


def listen(connection: Connection, take: Callable[[Message], None]) -> threading.Thread:
    """Pass each message to `take`, in a thread that ends with the worker."""

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
