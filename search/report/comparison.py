"""The overall Pareto front of a search, the Pareto front of each study, and what each study contributes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from search.report.axis import PARAMETERS, Axis
from search.report.rows import Row, Search, Study
from search.statistics.intervals import Interval
from search.statistics.pareto import front, search_hypervolume


@dataclass(frozen=True)
class Entry:
    """A row and its place. The shares are relative to the full backbone: 1 is as good, or as large, as before any cut.

    A `reference` (baseline) is a row of a listed study: reports show it, but Pareto fronts ignore it.
    `x` is the row's value on the x axis; a row without a value is not on a Pareto front.
    """

    row: Row
    on_joint_front: bool
    on_study_front: bool
    share_of_uncut_f1: float | None
    share_of_uncut_parameters: float | None
    reference: bool = False
    x: float | None = None

    @property
    def name(self) -> str:
        """A baseline's own name; for a candidate of the search, its study and first trial: elimination-4."""
        return self.row.name or f"{self.row.study}-{self.row.trials[0]}"

    @property
    def f1_images(self) -> Interval | None:
        """The 95% CI of front members, baselines and full backbones; that of all of 10,000 rows would take minutes."""
        return self.row.f1_images if self.on_study_front or self.reference or self.row.uncut else None


@dataclass(frozen=True)
class Contribution:
    """What a study contributes: `front_rows` on its own Pareto front, `joint_front_rows` of them on the overall front.

    `hypervolume_only_here` is the part of the overall hypervolume that only this study contributes.
    """

    study: Study
    hypervolume: float
    hypervolume_only_here: float
    front_rows: int
    joint_front_rows: int


@dataclass(frozen=True)
class Comparison:
    """A compared search: entries by ascending x, of equal x by descending F1; entries without x come last.

    Pareto fronts are of F1 against `axis`. Hypervolumes are always of F1 against parameters.
    """

    search: Search
    entries: tuple[Entry, ...]
    contributions: tuple[Contribution, ...]
    hypervolume: float
    axis: Axis = PARAMETERS

    @property
    def joint_front(self) -> tuple[Entry, ...]:
        """The overall Pareto front: entries that no entry of any study beats in both F1 and x, least x first."""
        return tuple(entry for entry in self.entries if entry.on_joint_front)

    @property
    def drawn(self) -> tuple[Entry, ...]:
        """The entries with a known x, least x first."""
        return tuple(entry for entry in self.entries if entry.x is not None)

    @property
    def not_measured(self) -> tuple[Entry, ...]:
        """The entries without a known x."""
        return tuple(entry for entry in self.entries if entry.x is None)

    @property
    def references(self) -> tuple[Entry, ...]:
        """The baselines: entries of listed studies, least x first."""
        return tuple(entry for entry in self.entries if entry.reference)

    @property
    def uncut(self) -> tuple[Entry, ...]:
        """The best full backbone of each searched study and backbone, which the shares refer to."""
        chosen = {id(row) for row in _best_uncut(self.search.found).values()}
        return tuple(entry for entry in self.entries if id(entry.row) in chosen)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Problems that a reader must know before comparing numbers."""
        fingerprints = {str(study.data.get("fingerprint")) for study in self.search.studies if study.data}
        different = (
            "The studies used different data: their F1 cannot be compared, nor does the overall front mean much."
        )
        return (*([different] if len(fingerprints) > 1 else []), *self._lost_models())

    def _lost_models(self) -> list[str]:
        """A line for each member of a Pareto front whose model could not be saved."""
        lost = {study.name: study.models_lost for study in self.search.studies}
        members = (
            (entry.row.study, trial) for entry in self.entries if entry.on_study_front for trial in entry.row.trials
        )
        return [
            f"The model of {study} {trial} could not be saved: {lost[study][trial]}"
            for study, trial in members
            if trial in lost[study]
        ]


def compare(search: Search, axis: Axis = PARAMETERS) -> Comparison:
    """Compare the rows of all studies; `search.statistics.pareto` defines Pareto front and hypervolume."""
    x_of = {id(row): axis.of(row) for row in search.rows}
    rows = sorted(search.rows, key=lambda row: (_beyond(x_of[id(row)]), -row.f1_macro, row.parameters))
    found_ids = {id(row) for row in search.found}
    found = [row for row in rows if id(row) in found_ids]
    searched = [study for study in search.studies if not study.listed]
    on_joint_front = _front_of(found, x_of)
    on_study_front = {
        member for study in searched for member in _front_of([row for row in found if row.study == study.name], x_of)
    }
    uncut = _best_uncut(rows)
    hypervolume = search_hypervolume(_points(found))
    entries = tuple(
        Entry(
            row,
            id(row) in on_joint_front,
            id(row) in on_study_front,
            *_shares(row, uncut, search.studies),
            reference=id(row) not in found_ids,
            x=x_of[id(row)],
        )
        for row in rows
    )
    contributions = tuple(_contribution(study, entries, hypervolume) for study in searched)
    return Comparison(search, entries, contributions, hypervolume, axis)


def select(comparison: Comparison, *, min_f1: float, max_parameters: float, everything: bool) -> tuple[Entry, ...]:
    """The entries to show: members of a Pareto front and baselines, or all entries, within the limits.

    Limits do not change fronts: an entry that dominates an entry within the limits is itself within them.
    """
    return tuple(
        entry
        for entry in comparison.entries
        if (everything or entry.on_study_front or entry.reference)
        and entry.row.f1_macro >= min_f1
        and entry.row.parameters <= max_parameters
    )


def front_steps(comparison: Comparison) -> tuple[list[float], list[float]]:
    """Corners of the overall Pareto front for a step line, as (x, f1_macro): each F1 holds until the next corner, the
    last F1 up to the largest x of the search."""
    steps = [(_beyond(entry.x), entry.row.f1_macro) for entry in comparison.joint_front]
    steps += [(_beyond(comparison.drawn[-1].x), f1_macro) for _, f1_macro in steps[-1:]]
    return [x for x, _ in steps], [f1_macro for _, f1_macro in steps]


def bars(entries: Iterable[Entry]) -> tuple[list[float], list[float]]:
    """How far the 95% CI reaches below and above each F1; 0 for an entry without one."""
    known = [(entry.row.f1_macro, entry.f1_images) for entry in entries]
    below = [max(0.0, f1_macro - interval.low) if interval else 0.0 for f1_macro, interval in known]
    above = [max(0.0, interval.high - f1_macro) if interval else 0.0 for f1_macro, interval in known]
    return below, above


def _beyond(x: float | None) -> float:
    """An unknown x counts as infinite."""
    return math.inf if x is None else x


def _points(rows: Iterable[Row]) -> list[tuple[float, float]]:
    return [(row.f1_macro, float(row.parameters)) for row in rows]


def _front_of(rows: Sequence[Row], x_of: Mapping[int, float | None]) -> set[int]:
    """Ids of the rows on their Pareto front. A member of the overall front is also on its study's front."""
    points = [(row.f1_macro, _beyond(x_of[id(row)])) for row in rows]
    return {id(row) for row, kept in zip(rows, front(points), strict=True) if kept}


def _best_uncut(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """The full backbone with the highest mean F1 for each (study, backbone)."""
    best: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.uncut and row.backbone is not None:
            rival = best.get((row.study, row.backbone))
            if rival is None or row.f1_macro > rival.f1_macro:
                best[row.study, row.backbone] = row
    return best


def _shares(row: Row, uncut: dict[tuple[str, str], Row], studies: Iterable[Study]) -> tuple[float | None, float | None]:
    """Shares of the full backbone's F1 and parameters, None if unknown.

    A cut is compared with its own backbone in its study, a network from scratch with the search's best full backbone.
    """
    reference = None
    parameters = None
    if row.backbone is not None:
        reference = uncut.get((row.study, row.backbone))
        own_study = next(study for study in studies if study.name == row.study)
        parameters = own_study.uncut_parameters.get(row.backbone)
    elif row.family == "scratch":
        reference = max(uncut.values(), key=lambda other: other.f1_macro, default=None)
    if reference is not None:
        parameters = reference.parameters
    f1_macro = reference.f1_macro if reference is not None else None
    return (row.f1_macro / f1_macro if f1_macro else None, row.parameters / parameters if parameters else None)


def _contribution(study: Study, entries: Sequence[Entry], joint_hypervolume: float) -> Contribution:
    mine = [entry for entry in entries if entry.row.study == study.name]
    others = [entry.row for entry in entries if entry.row.study != study.name and not entry.reference]
    return Contribution(
        study=study,
        hypervolume=search_hypervolume(_points(entry.row for entry in mine)),
        hypervolume_only_here=joint_hypervolume - search_hypervolume(_points(others)),
        front_rows=sum(entry.on_study_front for entry in mine),
        joint_front_rows=sum(entry.on_joint_front for entry in mine),
    )
