"""What the search has found, read from its database again when something has changed there."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from search.errors import BadInput
from search.models.searches import chosen_search
from search.models.sources import KeptModel, kept_models
from search.report.comparison import Comparison, Entry, compare, select
from search.report.figures import Figure, front_figure
from search.report.recommendation import Recommendation, recommend_found
from search.report.stored import choose_axis, read_search
from search.settings.search import Settings
from search.status.facts import SearchStatus, read_status
from search.status.showing import open_to_show
from storage.database import Database
from storage.errors import StorageError
from storage.names import full_name

log = logging.getLogger(__name__)

NEW_SECONDS = 2.0
"""A status is read once for all who look within this time."""
OLD_SECONDS = 60.0
"""Latencies are measured without any change of a trial's state: they are read again after this time."""
MOST_KEPT = 8
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class View:
    """A compared search, for one x axis. It equals itself alone, so what is drawn of it can be kept."""

    comparison: Comparison
    advice: Recommendation | None
    figure: Figure

    @cached_property
    def entry_of(self) -> Mapping[tuple[str, int], Entry]:
        """The entries by study and trial."""
        return {(each.row.study, trial): each for each in self.comparison.entries for trial in each.row.trials}


class Kept:
    """Results by key, the last used ones; each is made once, however many ask for it at the same time."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._made: OrderedDict[Any, Any] = OrderedDict()
        self._makes: dict[Any, threading.Lock] = {}

    def get(self, key: Any, make: Callable[[], T]) -> T:
        """The result of `make` for this key. What it raises is raised, and nothing is kept."""
        with self._lock:
            mine = self._makes.setdefault(key, threading.Lock())
        with mine:
            with self._lock:
                if key in self._made:
                    self._made.move_to_end(key)
                    found: T = self._made[key]
                    return found
            made = make()
            with self._lock:
                self._made[key] = made
                while len(self._made) > self._most:
                    self._makes.pop(self._made.popitem(last=False)[0], None)
            return made


class Latest:
    """The latest results by name. While a newer one is made, everybody gets the one before it: nobody waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first = Kept(100)
        self._made: dict[str, tuple[object, Any]] = {}
        self._busy: set[str] = set()

    def get(self, name: str, version: object, make: Callable[[], T]) -> T:
        """The first result of a name is waited for, and what `make` raises for it is raised."""
        with self._lock:
            if (known := self._made.get(name)) is not None:
                if known[0] != version and name not in self._busy:
                    self._busy.add(name)
                    threading.Thread(target=self._renew, args=(name, version, make), daemon=True).start()
                found: T = known[1]
                return found
        made = self._first.get(name, make)
        with self._lock:
            self._made.setdefault(name, (version, made))
        return made

    def _renew(self, name: str, version: object, make: Callable[[], Any]) -> None:
        try:
            made = make()
            with self._lock:
                self._made[name] = (version, made)
        except (BadInput, StorageError) as error:  # the next request tries again
            log.warning("%s", error)
        finally:
            with self._lock:
                self._busy.discard(name)


class Found:
    """The search that the settings name, read only."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._status: tuple[float, SearchStatus] | None = None
        self._latest = Latest()

    @property
    def database(self) -> Database:
        """Raises BadInput while there is no search."""
        with self._lock:
            if self._database is None:
                self._database = open_to_show(self.settings.database)
            return self._database

    def status(self) -> SearchStatus:
        """How the search stands now. Raises BadInput if there is none, or several to choose from."""
        known = self._status
        if known is None or time.monotonic() - known[0] > NEW_SECONDS:
            (status,) = read_status(self.database, chosen_search(self.database, self.settings))
            known = self._status = (time.monotonic(), status)
        return known[1]

    def view(self, axis: str, status: SearchStatus | None = None) -> View:
        """The search as reports compare it. Raises BadInput if no trial has finished, or if no x value is known."""
        status = status or self.status()
        return self._latest.get(axis, _changes(status), lambda: self._compared(status.name, axis))

    def study_id(self, study: str) -> int:
        """The number of a study of the search in the database, which optuna-dashboard's addresses contain."""
        return self.database.optuna.get_study_id_from_name(full_name(self.status().name, study))

    def models(self) -> Mapping[str, KeptModel]:
        """The trials with a saved model, by STUDY/NUMBER. Raises BadInput if there is no search."""
        return self._latest.get(
            "models",
            _changes(self.status()),
            lambda: {model.name: model for model in kept_models(self.database, self.settings)},
        )

    def _compared(self, name: str, axis: str) -> View:
        search = read_search(self.database, name)
        comparison = compare(search, choose_axis(self.database, search, axis, None))
        entries = select(comparison, min_f1=0.0, max_parameters=math.inf, everything=False)
        return View(comparison, recommend_found(comparison, entries), front_figure(comparison))


def _changes(status: SearchStatus) -> tuple[object, ...]:
    """What is another one as soon as a trial has ended."""
    ended = ((each.name, each.complete, each.stopped, each.infeasible, each.failed) for each in status.standing.studies)
    return (status.name, *ended, int(time.monotonic() / OLD_SECONDS))
