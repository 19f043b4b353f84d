"""The joint front over all studies of a search, each study's own front, and what each study contributes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.pareto import front, search_hypervolume
from search.report.rows import Row, Search, Study


@dataclass(frozen=True)
class Entry:
    """A row and where it stands. The shares are of the uncut network: 1 is as good, or as large, as before any cut.

    A `reference` is a row of a listed study: it is shown beside the others, is on no front and keeps nobody off one.
    """

    row: Row
    on_joint_front: bool
    on_study_front: bool
    share_of_uncut_f1: float | None
    share_of_uncut_parameters: float | None
    reference: bool = False


@dataclass(frozen=True)
class Standing:
    """What one study brings: `front_rows` on its own front, `joint_front_rows` of them on the joint front.

    `hypervolume_only_here` is what the joint hypervolume would lose without this study.
    """

    study: Study
    hypervolume: float
    hypervolume_only_here: float
    front_rows: int
    joint_front_rows: int


@dataclass(frozen=True)
class Comparison:
    """A search, compared: entries by parameters, fewest first, and of equal ones the best F1 first."""

    search: Search
    entries: tuple[Entry, ...]
    standings: tuple[Standing, ...]
    hypervolume: float

    @property
    def joint_front(self) -> tuple[Entry, ...]:
        """The entries that no other of any study beats in both objectives, fewest parameters first."""
        return tuple(entry for entry in self.entries if entry.on_joint_front)

    @property
    def references(self) -> tuple[Entry, ...]:
        """The entries of listed studies, fewest parameters first."""
        return tuple(entry for entry in self.entries if entry.reference)

    @property
    def uncut(self) -> tuple[Entry, ...]:
        """The best uncut network of each searched study and backbone: what the shares refer to."""
        chosen = {id(row) for row in _best_uncut(self.search.found).values()}
        return tuple(entry for entry in self.entries if id(entry.row) in chosen)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before comparing the studies' numbers with each other."""
        fingerprints = {str(study.data.get("fingerprint")) for study in self.search.studies if study.data}
        if len(fingerprints) < 2:
            return ()
        return ("The studies saw different data: their F1 cannot be compared, and the joint front means little.",)


def compare(search: Search) -> Comparison:
    """Compare the rows of all studies; see `search.pareto` for what a front and its hypervolume are."""
    rows = sorted(search.rows, key=lambda row: (row.parameters, -row.f1_macro))
    found_ids = {id(row) for row in search.found}
    found = [row for row in rows if id(row) in found_ids]
    searched = [study for study in search.studies if not study.listed]
    on_joint_front = {id(row) for row, kept in zip(found, front(_points(found)), strict=True) if kept}
    on_study_front = _study_fronts(found, searched)
    uncut = _best_uncut(rows)
    hypervolume = search_hypervolume(_points(found))
    entries = tuple(
        Entry(
            row,
            id(row) in on_joint_front,
            id(row) in on_study_front,
            *_shares(row, uncut, search.studies),
            reference=id(row) not in found_ids,
        )
        for row in rows
    )
    standings = tuple(_standing(study, entries, hypervolume) for study in searched)
    return Comparison(search, entries, standings, hypervolume)


def select(comparison: Comparison, *, min_f1: float, max_parameters: float, everything: bool) -> tuple[Entry, ...]:
    """The entries to show: members of the joint or a study's front and references, or all of them, within the limits.

    Limits leave fronts as they are: what dominates an entry within the limits is itself within them.
    """
    return tuple(
        entry
        for entry in comparison.entries
        if (everything or entry.on_study_front or entry.reference)
        and entry.row.f1_macro >= min_f1
        and entry.row.parameters <= max_parameters
    )


def front_steps(comparison: Comparison) -> tuple[list[float], list[float]]:
    """Corners of the joint front for a step line, as (parameters, f1_macro): each F1 holds until the next, the last one
    up to the largest network of the search."""
    steps = [(float(entry.row.parameters), entry.row.f1_macro) for entry in comparison.joint_front]
    steps += [(float(comparison.entries[-1].row.parameters), f1_macro) for _, f1_macro in steps[-1:]]
    return [parameters for parameters, _ in steps], [f1_macro for _, f1_macro in steps]


def _points(rows: Iterable[Row]) -> list[tuple[float, float]]:
    return [(row.f1_macro, float(row.parameters)) for row in rows]


def _study_fronts(rows: Sequence[Row], studies: Iterable[Study]) -> set[int]:
    """Identities of the rows that are on their own study's front. A joint front member always is."""
    members: set[int] = set()
    for study in studies:
        mine = [row for row in rows if row.study == study.name]
        members.update(id(row) for row, kept in zip(mine, front(_points(mine)), strict=True) if kept)
    return members


def _best_uncut(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """The uncut row of the highest mean F1 for each (study, backbone)."""
    best: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.uncut and row.backbone is not None:
            rival = best.get((row.study, row.backbone))
            if rival is None or row.f1_macro > rival.f1_macro:
                best[row.study, row.backbone] = row
    return best


def _shares(row: Row, uncut: dict[tuple[str, str], Row], studies: Iterable[Study]) -> tuple[float | None, float | None]:
    """Shares of the F1 and the parameters of the uncut network, None where that is not known.

    For a cut, the uncut network is that of its backbone in its study; for a network from scratch, the search's best.
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


def _standing(study: Study, entries: Sequence[Entry], joint_hypervolume: float) -> Standing:
    mine = [entry for entry in entries if entry.row.study == study.name]
    others = [entry.row for entry in entries if entry.row.study != study.name and not entry.reference]
    return Standing(
        study=study,
        hypervolume=search_hypervolume(_points(entry.row for entry in mine)),
        hypervolume_only_here=joint_hypervolume - search_hypervolume(_points(others)),
        front_rows=sum(entry.on_study_front for entry in mine),
        joint_front_rows=sum(entry.on_joint_front for entry in mine),
    )
