"""Reading a search from the database: its trials, latencies, learning curves and hyperparameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from search.errors import BadInput
from search.models.searches import check_search
from search.report.axis import COUNTED, Axis
from search.report.axis import latency as latency_on
from search.report.axis import latency_on_device as on_device
from search.report.grouping import number, search_of
from search.report.importance import Importance, chosen, importance
from search.report.rows import Search
from storage import curves, latency
from storage.database import Database, connect
from storage.errors import StorageError
from storage.names import search_name, short_name
from storage.trials import read_params, read_studies, read_trials

PATIENCE_SECONDS = 30.0

Curves = Mapping[int, Sequence[tuple[int, float]]]
"""Learning curves: of each trial id, (epoch, validation macro F1), epochs ascending."""


@contextmanager
def reading(url: str) -> Iterator[Database]:
    """The database at `url`, closed afterwards. Raises BadInput if it holds no search or cannot be reached."""
    try:
        with closing(connect(url, create=False, give_up_seconds=PATIENCE_SECONDS)) as database:
            yield database
    except StorageError as error:
        raise BadInput("the search cannot be read", [str(error)]) from error


def read_search(database: Database, name: str, *, references_suffice: bool = False) -> Search:
    """Read the search called `name`.

    Raises BadInput if there is none, or if no trial of it has finished. Trials of listed studies count only with
    `references_suffice`.
    """
    check_search(database, name)
    mine = [record for record in read_studies(database) if search_name(record.name) == name]
    search = search_of(name, mine, read_trials(database, [record.name for record in mine]))
    if not (search.rows if references_suffice else search.found):
        raise BadInput(
            f"search {name!r} has no finished trial yet",
            [f"study {study.name}{' (baselines)' * study.listed}: {study.counts}" for study in search.studies],
        )
    return search


def read_study_attributes(database: Database, study_name: str) -> dict[str, Any]:
    """The user attributes of the study of this name; empty if there is none."""
    return next((dict(record.attributes) for record in read_studies(database) if record.name == study_name), {})


def choose_axis(database: Database, search: Search, name: str, machine: str | None) -> Axis:
    """The x axis of that name. Latencies are of one machine with its package versions: the machine whose name contains
    `machine`, or the machine with the most measurements.

    Raises BadInput if no candidate has a value, or if `machine` matches no machine or several.
    """
    if machine is not None and name != "latency":
        raise BadInput("--machine", [f"only latencies depend on the machine: expected --x latency, got --x {name}"])
    axis = COUNTED.get(name) or _latency(database, search, machine)
    if all(axis.of(row) is None for row in search.found or search.rows):
        earlier = "; an earlier version trained them, which did not count it" if name in COUNTED else ""
        raise BadInput(f"--x {name}", [f"no candidate that the search found has {axis.title}{earlier}"])
    return axis


def _latency(database: Database, search: Search, machine: str | None) -> Axis:
    """Of a machine that this program measured, or of a device whose latencies were imported."""
    from search.models.latency.devices import of_devices  # noqa: PLC0415 - few reports need it
    from search.models.latency.runs import comparable  # noqa: PLC0415 - imports torch, which takes seconds

    stored = latency.read(database, [trial_id for row in search.rows for trial_id in row.trial_ids])
    axes = [
        (name, latency_on(name, {trial_id: run.latency_ms for trial_id, run in runs.items()}), len(runs))
        for name, runs in comparable(stored).items()
    ]
    axes += [
        (name, on_device(name, {trial_id: run.latency_ms for trial_id, run in runs.items()}), len(runs))
        for name, runs in of_devices(stored).items()
    ]
    if not axes:
        advice = "measure some with python -m search.latency, or import some with --from"
        raise BadInput("--x latency", [f"no trial has a latency yet: {advice}"])
    chosen = [(axis, count) for name, axis, count in axes if machine is None or machine.casefold() in name.casefold()]
    if not chosen or (machine is not None and len(chosen) > 1):
        what = "no machine is" if not chosen else "more than one machine is"
        names = " | ".join(name for name, *_ in axes)
        raise BadInput(f"--machine {machine}", [f"{what} called so; there are runs on: {names}"])
    return max(chosen, key=lambda each: each[1])[0]


def read_importances(database: Database, search: Search) -> list[Importance]:
    """Hyperparameter importance of each searched study, in order."""
    importances = []
    for study in search.studies:
        if not study.listed:
            mine = [row for row in search.rows if row.study == study.name]
            f1_of = {trial: f1 for row in mine for trial, f1 in zip(row.trial_ids, row.f1_scores, strict=True)}
            f1_of = {trial_id: f1_of[trial_id] for trial_id in chosen(list(f1_of))}
            importances.append(importance(study.name, f1_of, read_params(database, list(f1_of))))
    return importances


def final_studies(database: Database, search: str) -> list[str]:
    """Names, within the search, of its studies that are scored on the test split; no comparison contains them."""
    return [
        short_name(record.name)
        for record in read_studies(database)
        if search_name(record.name) == search and record.attributes.get("scored_on") == "test"
    ]


def read_curves(database: Database, trial_ids: Sequence[int]) -> Curves:
    """The learning curves of the trials that have one, without epochs whose F1 is not finite."""
    points = {trial_id: points_of(epochs) for trial_id, epochs in curves.read(database, trial_ids).items()}
    return {trial_id: curve for trial_id, curve in points.items() if curve}


def points_of(epochs: Sequence[Mapping[str, float]]) -> list[tuple[int, float]]:
    """(epoch, validation macro F1) of the epochs of a trial whose F1 is finite."""
    return [(int(epoch["epoch"]), f1_macro) for epoch in epochs if (f1_macro := number(epoch, "f1_macro")) is not None]
