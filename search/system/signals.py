"""Being asked to stop by SIGINT or SIGTERM, and ending in time, whatever the process is waiting for."""

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
    """SIGINT and SIGTERM set `stop`; a second one ends the process at once, and so do END_SECONDS after the first.

    Without SIGINT among `numbers`, Ctrl-C is ignored: it is for the parent process, which passes it on once.

    What ends because of it (Interrupted, or no more waiting for a database that is away) ends the block. Yields the
    exit status of the first signal.

    Python's handlers run in the main thread, when its call into C has come back: from a server that is frozen, never.
    So a thread of its own is woken by Python's signal handler in C and does what there is to do.
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
            gc.freeze()  # at its end Python looks for garbage in all of torch: seconds, of the ten that there are


def _heed(number: int, frame: FrameType | None) -> None:
    """Python's part of a signal, which comes too late to be of use."""


def _listen(heard: socket.socket, received: list[int], stop: threading.Event) -> None:
    """Until the other end is closed. Each byte is the number of a signal."""
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
            os.write(2, b"asked to stop: something gives no answer, ended without handing back\n")
            _exit(received[0])


def _exit(status: int) -> None:
    """At once. A live table that is left so has hidden the terminal's cursor."""
    if os.isatty(1):
        os.write(1, SHOW_CURSOR)
    os._exit(status)
