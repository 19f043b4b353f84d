"""The fixed list: from a trial to its network and seed. Nothing is sampled, because every trial is queued."""

from __future__ import annotations

from typing import Any

from optuna.trial import BaseTrial

from blocks.anatomy import anatomy
from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.settings.spaces import ListedRow, ListedSpace


def all_parameters(space: ListedSpace) -> list[dict[str, Any]]:
    """Optuna parameters of every trial of the study: all networks with the first seed, then with the next seed."""
    return [{"row": row.name, "repeat": repeat} for repeat in range(space.seeds) for row in space.rows]


def sample(trial: BaseTrial, space: ListedSpace) -> tuple[ListedRow, int]:
    """The network and the seed of a trial."""
    name = trial.suggest_categorical("row", [row.name for row in space.rows])
    repeat = trial.suggest_int("repeat", 0, space.seeds - 1)
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
