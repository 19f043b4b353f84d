"""Choosing the networks of a final evaluation, based on validation scores alone: no test score is known here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.report.comparison import Comparison, Entry
from search.settings.candidate import Candidate
from search.settings.spaces import ListedRow, Other
from search.settings.stored import stored_candidate

UNCUT: Other = "uncut"
SCRATCH: Other = "scratch"
CONTROL: Other = "control"


def choose_rows(
    comparison: Comparison,
    *,
    names: Sequence[str] | None = None,
    max_parameters: float = float("inf"),
    baselines: Sequence[str] = (),
    controls: bool = False,
) -> list[ListedRow]:
    """The networks of a final evaluation: the chosen networks, and the networks that they are compared with.

    Args:
        comparison: the search, by validation scores.
        names: of members of the overall Pareto front, as in `elimination-4`; by default all of them.
        max_parameters: larger members of the front are left out.
        baselines: names of baselines that have finished.
        controls: whether to add, for each chosen cut with pretrained weights, the same network from random weights.

    Raises BadInput with every name that does not exist.
    """
    entries = chosen(comparison, names or (), max_parameters, baselines)
    uncut, scratch = companions(comparison, entries)
    rows = entries | {other.name: other for other in (uncut, *scratch.values()) if other is not None}
    names_of = named_once(rows)
    listed = [
        _row(name, rows[name], {UNCUT: uncut, SCRATCH: scratch.get(name)}, names_of) for name in names_of.values()
    ]
    return with_controls(listed, among=entries) if controls else listed


def chosen(
    comparison: Comparison, names: Sequence[str], max_parameters: float, baselines: Sequence[str]
) -> dict[str, Entry]:
    """The chosen members of the overall Pareto front, then the chosen baselines, by name. Raises BadInput."""
    front = {entry.name: entry for entry in comparison.joint_front if entry.row.parameters <= max_parameters}
    references = {entry.name: entry for entry in comparison.references}
    problems = _unknown("front member", names, front) + _unknown("finished baseline", baselines, references)
    if not front:
        smallest = comparison.joint_front[0].row.parameters
        problems.append(f"no front member has at most {max_parameters:,} parameters; the smallest has {smallest:,}")
    if problems:
        raise BadInput("nothing was finalized", problems)
    members = {name: entry for name, entry in front.items() if not names or name in names}
    return members | {name: references[name] for name in baselines}


def companions(comparison: Comparison, entries: Mapping[str, Entry]) -> tuple[Entry | None, dict[str, Entry]]:
    """The networks that the chosen ones are compared with.

    Returns the best uncut network; and for each chosen network that is not from scratch, by name, the best network from
    scratch that is at least as large, or the best one from scratch where none is as large.
    """
    uncut = _best(comparison.uncut) or _best([entry for entry in comparison.references if entry.row.uncut])
    from_scratch = [entry for entry in comparison.entries if entry.row.family == "scratch" and not entry.reference]
    scratch = {
        name: _best([other for other in from_scratch if _is_as_large(other, entry)]) or _best(from_scratch)
        for name, entry in entries.items()
        if entry.row.family != "scratch"
    }
    return uncut, {name: other for name, other in scratch.items() if other is not None}


def named_once(rows: Mapping[str, Entry]) -> dict[str, str]:
    """Candidate key -> the first name that the candidate has: a baseline may also be what the search found."""
    names: dict[str, str] = {}
    for name, entry in rows.items():
        names.setdefault(_key(entry), name)
    return names


def with_controls(rows: Sequence[ListedRow], among: Collection[str]) -> list[ListedRow]:
    """The rows, and after each cut `among` them with pretrained weights its control: how much is the pretraining worth?

    A control has the network and the recipe of its row, without the settings that only pretrained weights need. The
    control of a cut from a shared training is also from one, as shared trainings help random weights as well.
    """
    listed: list[ListedRow] = []
    for row in rows:
        network, recipe = row.candidate.network, row.candidate.recipe
        cut = isinstance(network, EliminatedSpecification) and network.cut is not None
        if not cut or row.name not in among or row.candidate.initial_weights == "random":
            listed.append(row)
            continue
        recipe = recipe.model_copy(update={"frozen_stages": 0, "trunk_learning_rate": 1.0, "trunk_decay": 1.0})
        exits = row.candidate.exits
        candidate = Candidate(network=network, initial_weights="random", recipe=recipe, exits=exits)
        name = f"{row.name}-random"
        control = ListedRow(name=name, words=f"{row.name} from random weights; a control", candidate=candidate)
        listed += [row.model_copy(update={"compared_with": {**row.compared_with, CONTROL: name}}), control]
    return listed


def _unknown(kind: str, names: Sequence[str], known: dict[str, Entry]) -> list[str]:
    there = ", ".join(known) or "none"
    return [f"no {kind} is called {name!r}; there are: {there}" for name in names if name not in known]


def _best(entries: Sequence[Entry]) -> Entry | None:
    return max(entries, key=lambda entry: entry.row.f1_macro, default=None)


def _is_as_large(other: Entry, entry: Entry) -> bool:
    return other.row.parameters >= entry.row.parameters


def _key(entry: Entry) -> str:
    return stored_candidate(entry.row.candidate).key


def _row(name: str, entry: Entry, others: Mapping[Other, Entry | None], names_of: Mapping[str, str]) -> ListedRow:
    compared_with = {
        kind: names_of[_key(other)]
        for kind, other in others.items()
        if other is not None and (kind != SCRATCH or _is_as_large(other, entry))
    }
    return ListedRow(
        name=name,
        words=f"{entry.row.summary}; {_standing(entry)}",
        candidate=stored_candidate(entry.row.candidate),
        compared_with={kind: other for kind, other in compared_with.items() if other != name},
    )


def _standing(entry: Entry) -> str:
    if entry.reference:
        return "a baseline"
    # stored with the study, which must be recognised when it is resumed: the words stay as they are
    return "on the joint front" if entry.on_joint_front else "to compare with"
