"""The fixed list: from a trial to its network and seed. Nothing is sampled, because every trial is queued."""

from __future__ import annotations

from typing import Any

from optuna.trial import BaseTrial

from blocks.anatomy import anatomy
from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.spaces import ListedRow, ListedSpace
from search.spaces.elimination import at_exit

ROW, REPEAT = "row", "repeat"


def all_parameters(space: ListedSpace) -> list[dict[str, Any]]:
    """Optuna parameters of every training of the study: all with the first seed, then with the next seed.

    Cuts that were trained together are trained together again: the trial of the deepest of them gives the others.
    """
    first = [row for row in space.rows if trained_with(space, row)[-1] is row]
    return [{ROW: row.name, REPEAT: repeat} for repeat in range(space.seeds) for row in first]


def trained_with(space: ListedSpace, row: ListedRow) -> list[ListedRow]:
    """The networks of the list that are exits of one training with this one, the deepest last; itself included."""
    candidate = row.candidate
    if not candidate.exits:
        return [row]
    training = _training_of(candidate)
    together = [other for other in space.rows if other.candidate.exits and _training_of(other.candidate) == training]
    return sorted(together, key=lambda other: candidate.exits.index(_cut_of(other.candidate)))


def _training_of(candidate: Candidate) -> Candidate:
    """The candidate of the deepest exit: the same for all exits of a training."""
    return at_exit(candidate, candidate.exits[-1])


def _cut_of(candidate: Candidate) -> str | None:
    network = candidate.network
    assert isinstance(network, EliminatedSpecification)
    return network.cut


def sample(trial: BaseTrial, space: ListedSpace) -> tuple[ListedRow, int]:
    """The network and the seed of a trial."""
    name = trial.suggest_categorical(ROW, [row.name for row in space.rows])
    repeat = trial.suggest_int(REPEAT, 0, space.seeds - 1)
    return next(row for row in space.rows if row.name == name), space.first_seed + repeat


def check_space(space: ListedSpace) -> None:
    """Raises BadInput with every network whose backbone or cut does not exist."""
    problems = []
    for row in space.rows:
        network = row.candidate.network
        if isinstance(network, EliminatedSpecification):
            try:
                anatomy(network.backbone, network.image_size).cut(network.cut)
            except ValueError as error:
                problems.append(f"row {row.name}: {error}")
    if problems:
        raise BadInput("listed space", problems)
