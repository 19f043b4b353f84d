"""The report's door to the storage: opening it for reading, choosing a search, reading its trials and curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from search.errors import BadInput
from search.report.rows import Search, number, search_name, search_of
from storage import curves
from storage.database import Database, connect
from storage.errors import StorageError
from storage.trials import read_studies, read_trials

PATIENCE_SECONDS = 30.0

Curves = Mapping[int, Sequence[tuple[int, float]]]
"""Learning curves: of each trial id, (epoch, validation macro F1), epochs ascending."""


@contextmanager
def reading(url: str) -> Iterator[Database]:
    """The database at `url`, closed afterwards. Raises BadInput where it holds no search or is out of reach."""
    try:
        with closing(connect(url, create=False, give_up_seconds=PATIENCE_SECONDS)) as database:
            yield database
    except StorageError as error:
        raise BadInput("the search cannot be read", [str(error)]) from error


def read_search(database: Database, name: str | None, *, references_suffice: bool = False) -> Search:
    """The search called `name`, or the only one that the database holds.

    Raises BadInput if there is no such search, if there are several to choose from, or if no trial of it has finished;
    one of a listed study does not count unless `references_suffice`.
    """
    records = read_studies(database)
    names = sorted({search_name(record.name) for record in records})
    if not names:
        raise BadInput("nothing to report", [f"{database.url} holds no study; start one with python -m search.run"])
    if name is None and len(names) > 1:
        raise BadInput("which search?", [f"{database.url} holds {', '.join(names)}; choose one with --name"])
    chosen = names[0] if name is None else name
    if chosen not in names:
        raise BadInput(
            f"no search called {chosen!r}", [f"{database.url} holds {', '.join(names)}; choose one of them with --name"]
        )
    mine = [record for record in records if search_name(record.name) == chosen]
    search = search_of(chosen, mine, read_trials(database, [record.name for record in mine]))
    if not (search.rows if references_suffice else search.found):
        raise BadInput(
            f"search {chosen!r} has no finished trial yet",
            [f"study {study.name}: {study.counts}" for study in search.studies],
        )
    return search


def read_study_attributes(database: Database, study_name: str) -> dict[str, Any]:
    """The user attributes of a study; empty where there is none of this name."""
    return next((dict(record.attributes) for record in read_studies(database) if record.name == study_name), {})


def read_curves(database: Database, trial_ids: Sequence[int]) -> Curves:
    """The learning curves of those trials that have one, without the epochs at which F1 was not finite."""
    points = {
        trial_id: [
            (int(epoch["epoch"]), f1_macro) for epoch in epochs if (f1_macro := number(epoch, "f1_macro")) is not None
        ]
        for trial_id, epochs in curves.read(database, trial_ids).items()
    }
    return {trial_id: curve for trial_id, curve in points.items() if curve}
