"""Stopping on SIGINT or SIGTERM, and in time, whatever the process is waiting for."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType

from search.errors import Interrupted
from storage.errors import DatabaseLost

SIGNAL_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
END_SECONDS = 9.5
SHOW_CURSOR = b"\x1b[?25h\n"

log = logging.getLogger(__name__)


@contextmanager
def stop_on_signals(
    stop: threading.Event, numbers: Collection[signal.Signals] = tuple(SIGNAL_STATUS)
) -> Iterator[list[int]]:
    """SIGINT and SIGTERM set `stop`. A second signal, or END_SECONDS after the first, kills the process.

    Without SIGINT among `numbers`, Ctrl-C is ignored: the parent process handles it and passes it on once.

    After a signal, Interrupted and DatabaseLost end the block silently. Yields the exit status of the first signal.

    Python runs signal handlers in the main thread after its call into C returns. With a frozen database server it never
    returns. A separate thread, which Python's signal handler in C wakes, therefore handles the signals.
    """
    received: list[int] = []
    heard, woken = socket.socketpair()
    woken.setblocking(False)
    wakeup = signal.set_wakeup_fd(woken.fileno())
    previous = {
        number: signal.signal(number, _heed if number in numbers else signal.SIG_IGN) for number in SIGNAL_STATUS
    }
    threading.Thread(target=_listen, args=(heard, received, stop), name="signals", daemon=True).start()
    try:
        yield received
    except (Interrupted, DatabaseLost) as error:
        if not received:
            raise
        log.warning("asked to stop: %s", error)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        woken.close()
        if received:
            gc.freeze()  # or Python would search all of torch for garbage at its end, which takes seconds


def _heed(number: int, frame: FrameType | None) -> None:
    """Python's signal handler; it comes too late to be useful."""


def _listen(heard: socket.socket, received: list[int], stop: threading.Event) -> None:
    """Handle signals until the other end is closed. Each byte is the number of a signal."""
    with heard:
        try:
            while number := heard.recv(1):
                status = SIGNAL_STATUS.get(signal.Signals(number[0]))
                if status is None:
                    continue
                if received:
                    _exit(status)
                received.append(status)
                stop.set()
                heard.settimeout(END_SECONDS)
        except TimeoutError:
            os.write(2, b"asked to stop: something does not respond, killed before trials were requeued\n")
            _exit(received[0])


def _exit(status: int) -> None:
    """Exit immediately. A live table has hidden the terminal's cursor: show it again."""
    if os.isatty(1):
        os.write(1, SHOW_CURSOR)
    os._exit(status)
