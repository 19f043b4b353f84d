"""Reading the status once, or again and again, and showing it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from search.errors import BadInput
from search.settings.search import Settings
from search.status.facts import SearchStatus, read_status, status_as_json
from search.status.words import status_in_words
from search.system.outputs import standard_output
from search.system.signals import stop_on_signals
from storage.database import Database, connect
from storage.errors import DatabaseRefused

PATIENCE_SECONDS = 30.0


def show_status(settings: Settings, *, watch: float | None, as_json: bool) -> int:
    """Print the status of the search that --name names, or of all searches of the database.

    watch    seconds between two readings, until SIGINT or SIGTERM; None: once
    as_json  print one line of JSON for each reading, instead of tables

    Returns the exit status. Raises BadInput if there is no search, and DatabaseLost.
    """
    name = settings.name if "name" in settings.model_fields_set else None
    stop = threading.Event()
    with closing(open_to_show(settings.database, stop)) as database, standard_output():

        def now() -> str:
            return _shown(database, read_status(database, name), as_json)

        if watch is None:
            print(now())
            return 0
        with stop_on_signals(stop) as received:
            _watch(now, watch, stop, live=not as_json)
        return received[0] if received else 0


def _watch(now: Callable[[], str], seconds: float, stop: threading.Event, *, live: bool) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not (live and console.file.isatty()):
        while not stop.is_set():
            print(now(), flush=True)
            stop.wait(seconds)
        return
    with Live(console=console, auto_refresh=False) as table:
        while not stop.is_set():
            table.update(Text(now()), refresh=True)
            stop.wait(seconds)


def open_to_show(url: str, stop: threading.Event | None = None, give_up_seconds: float = PATIENCE_SECONDS) -> Database:
    """The database at `url`, for reading only. Raises BadInput if it holds no search or cannot be used."""
    try:
        return connect(
            url, read_only=True, give_up_seconds=give_up_seconds, stop=stop, application_name="elimnet-status"
        )
    except DatabaseRefused as error:
        raise BadInput("the status cannot be read", [str(error)]) from error


def _shown(database: Database, searches: list[SearchStatus], as_json: bool) -> str:
    if not as_json:
        return status_in_words(database.url, searches)
    document: dict[str, Any] = {"database": database.url, "searches": [status_as_json(each) for each in searches]}
    return json.dumps(document, ensure_ascii=False, allow_nan=False)
