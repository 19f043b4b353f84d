"""Which networks are finalized. They are chosen by validation alone: no test score is known here, or ever read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.report.comparison import Comparison, Entry
from search.settings.candidate import Candidate
from search.settings.spaces import ListedRow, Other

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
    """The joint front by validation F1, the chosen baselines, and what both are compared with.

    Those are the best uncut network and, for each network with pretrained weights or a cut, the best one from scratch
    of no fewer parameters; where the search has none, the best one from scratch.

    names           of front members, as in `elimination-4`; default: all
    max_parameters  leaves out larger front members
    baselines       names of reference rows that have finished
    controls        adds the same network from random weights for each chosen cut with pretrained ones

    Raises BadInput with every name that there is not.
    """
    front = {entry.name: entry for entry in comparison.joint_front if entry.row.parameters <= max_parameters}
    references = {entry.name: entry for entry in comparison.references}
    problems = _unknown("front member", names or (), front) + _unknown("finished baseline", baselines, references)
    if not front:
        smallest = comparison.joint_front[0].row.parameters
        problems.append(f"no front member has at most {max_parameters:,} parameters; the smallest has {smallest:,}")
    if problems:
        raise BadInput("nothing was finalized", problems)
    chosen = {name: front[name] for name in front if not names or name in names}
    chosen |= {name: references[name] for name in dict.fromkeys(baselines)}
    uncut = _best(comparison.uncut) or _best([entry for entry in comparison.references if entry.row.uncut])
    best_scratch = _best(_from_scratch(comparison))
    scratch = {name: _best_scratch(comparison, entry) for name, entry in chosen.items()}
    cuts = [name for name, entry in chosen.items() if entry.row.family != "scratch"]
    others = [uncut, *(scratch[name] or best_scratch for name in cuts)]
    rows = chosen | {entry.name: entry for entry in others if entry is not None}
    names_of: dict[str, str] = {}  # one name for each candidate: a baseline may be what the search found, too
    for name, entry in rows.items():
        names_of.setdefault(_key(entry), name)
    listed = [
        _row(name, rows[name], {UNCUT: uncut, SCRATCH: scratch.get(name)}, names_of) for name in names_of.values()
    ]
    return with_controls(listed, among=set(chosen)) if controls else listed


def with_controls(rows: Sequence[ListedRow], among: Collection[str]) -> list[ListedRow]:
    """The rows, and for each cut on pretrained weights that is `among` them its control: what is the pretraining worth?

    A control has the network and the recipe of its row, less what means nothing without pretrained weights.
    """
    listed: list[ListedRow] = []
    for row in rows:
        network, recipe = row.candidate.network, row.candidate.recipe
        cut = isinstance(network, EliminatedSpecification) and network.cut is not None
        if not cut or row.name not in among or row.candidate.initial_weights == "random":
            listed.append(row)
            continue
        recipe = recipe.model_copy(update={"frozen_stages": 0, "frozen_views": None, "trunk_learning_rate": 1.0})
        candidate = Candidate(network=network, initial_weights="random", recipe=recipe)
        name = f"{row.name}-random"
        control = ListedRow(name=name, words=f"{row.name} from random weights; a control", candidate=candidate)
        listed += [row.model_copy(update={"compared_with": {**row.compared_with, CONTROL: name}}), control]
    return listed


def _unknown(kind: str, names: Sequence[str], known: dict[str, Entry]) -> list[str]:
    there = ", ".join(known) or "none"
    return [f"no {kind} is called {name!r}; there are: {there}" for name in names if name not in known]


def _best(entries: Sequence[Entry]) -> Entry | None:
    return max(entries, key=lambda entry: entry.row.f1_macro, default=None)


def _best_scratch(comparison: Comparison, entry: Entry) -> Entry | None:
    """Of the networks from scratch that the search found, the best that is no smaller than `entry`."""
    if entry.row.family == "scratch":
        return None
    return _best([other for other in _from_scratch(comparison) if other.row.parameters >= entry.row.parameters])


def _from_scratch(comparison: Comparison) -> list[Entry]:
    return [entry for entry in comparison.entries if entry.row.family == "scratch" and not entry.reference]


def _key(entry: Entry) -> str:
    return Candidate.model_validate(entry.row.candidate).key


def _row(name: str, entry: Entry, others: Mapping[Other, Entry | None], names_of: Mapping[str, str]) -> ListedRow:
    compared_with = {kind: names_of[_key(other)] for kind, other in others.items() if other is not None}
    return ListedRow(
        name=name,
        words=f"{entry.row.summary}; {_standing(entry)}",
        candidate=Candidate.model_validate(entry.row.candidate),
        compared_with={kind: other for kind, other in compared_with.items() if other != name},
    )


def _standing(entry: Entry) -> str:
    if entry.reference:
        return "a baseline"
    return "on the joint front" if entry.on_joint_front else "to compare with"
