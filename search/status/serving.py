"""The status as metrics on a port, for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric

from search.errors import BadInput
from search.settings.search import Settings
from search.status.facts import SearchStatus, read_status
from search.status.metrics import Reading, metrics_of
from search.status.showing import open_to_show
from search.system.signals import stop_on_signals
from storage.errors import DatabaseLost

SHARED_SECONDS = 1.0
OUTAGE_SECONDS = 2.0
ANSWER_SECONDS = 5.0
"""Prometheus waits 10 seconds for an answer, if nothing else is set."""

log = logging.getLogger(__name__)

Read = Callable[[], Sequence[SearchStatus]]


def serve_metrics(settings: Settings, host: str, port: int) -> int:
    """Serve the metrics of the search that --name names, or of all searches of the database, until SIGINT or SIGTERM.

    Returns the exit status. Raises BadInput if there is no search, or if the address cannot be used.
    """
    name = settings.name if "name" in settings.model_fields_set else None
    stop = threading.Event()
    with closing(open_to_show(settings.database, stop, OUTAGE_SECONDS)) as database:
        read_status(database, name)  # a wrong name is refused now
        with stop_on_signals(stop) as received, served(host, port, lambda: read_status(database, name)) as address:
            print(f"the metrics of {database.url} are on {address} (press Ctrl-C to stop)")
            sys.stdout.flush()
            stop.wait()
    return received[0] if received else 0


@contextmanager
def served(host: str, port: int, read: Read) -> Iterator[str]:
    """Serve what `read` reads while the block runs. Yields the address. Raises BadInput."""
    registry = CollectorRegistry()
    registry.register(Readings(read))
    try:
        server, thread = start_http_server(port, host, registry)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput("the metrics cannot be served", [f"{host}, port {port}: {reason}; choose another"]) from error
    shown = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Readings:
    """Reads the database for all scrapes, at most once in `SHARED_SECONDS`, however many there are.

    Each reading has a thread of its own: a server that hangs, hangs that thread alone, and the scrapes that wait for it
    say after `ANSWER_SECONDS` that the database could not be read.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._last: Future[Reading] | None = None
        self._ended = 0.0  # by the monotonic clock
        self._read_at: float | None = None
        self._said = ""

    def collect(self) -> Iterator[Metric]:
        """What `prometheus_client` calls at each scrape."""
        return metrics_of(self.latest())

    def latest(self) -> Reading:
        """A reading that is at most `SHARED_SECONDS` old, or one that says that the database could not be read."""
        with self._lock:
            if self._last is None or (self._last.done() and time.monotonic() - self._ended > SHARED_SECONDS):
                self._last = Future()
                threading.Thread(target=self._fill, args=(self._last,), name="reading", daemon=True).start()
            last = self._last
        try:
            return last.result(ANSWER_SECONDS)
        except TimeoutError:
            return Reading(None, ANSWER_SECONDS, self._read_at)

    def _fill(self, future: Future[Reading]) -> None:
        started = time.monotonic()
        searches = self._searches()
        self._ended = time.monotonic()
        if searches is not None:
            self._read_at = time.time()
        future.set_result(Reading(searches, self._ended - started, self._read_at))

    def _searches(self) -> Sequence[SearchStatus] | None:
        """None if the database cannot be read. The reason is logged once; of an outage, the database logs it."""
        said = ""
        try:
            return self._read()
        except BadInput:  # the search, or all of them, was deleted
            return []
        except DatabaseLost:
            return None
        except Exception as error:
            said = str(error)
            if said != self._said:
                log.exception("the status cannot be read")
            return None
        finally:
            self._said = said
