"""From a trial of any search space to its candidate, and the candidate in words."""

from __future__ import annotations

from collections.abc import Mapping

import optuna

from blocks.specification import EliminatedSpecification, ScratchSpecification, StageSpecification
from search.settings.candidate import Candidate
from search.settings.spaces import AnySpace, EliminationSpace, ListedSpace, Training
from search.spaces import elimination, listed, scratch

_TRAINED: Mapping[Training, str] = {"probe": ", linear probe", "shared": ", shared training", "alone": ""}


class OverTheLimit(Exception):
    """The candidate is infeasible: its network exceeds a limit of the space. It is not trained.

    over    value and limit of each exceeded limit
    excess  the largest excess as a share of its limit; 1 is twice the limit
    """

    def __init__(self, candidate_key: str, over: Mapping[str, tuple[float, float]]) -> None:
        self.candidate_key = candidate_key
        self.excess = max(value / limit for value, limit in over.values()) - 1
        lines = [
            f"{_number(value)} {name}, over the limit of {_number(limit)}" for name, (value, limit) in over.items()
        ]
        super().__init__(", ".join(lines))


class NoTime(OverTheLimit):
    """The training does not fit into the time that a run has left."""

    def __init__(self, candidate_key: str, needed: float, left: float) -> None:
        super().__init__(candidate_key, {"s of training": (needed, left)})
        self.args = (f"its training needs {needed:.0f} s, and {left:.0f} s are left for it",)


def training_of(candidate: Candidate) -> Training:
    """How the network gets its weights: by a linear probe, in a training that is shared with other cuts, or alone."""
    if candidate.recipe.method == "linear_probe":
        return "probe"
    return "shared" if candidate.exits else "alone"


def is_uncut(candidate: Candidate) -> bool:
    """Whether the network is a full backbone, to which no limit applies."""
    return isinstance(candidate.network, EliminatedSpecification) and candidate.network.cut is None


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def queued(trial: optuna.Trial) -> bool:
    """Whether the trial was queued with parameters."""
    return bool(trial._fixed_params)


def sample_candidate(trial: optuna.trial.BaseTrial, space: AnySpace, classes: int) -> Candidate:
    """The candidate of the trial's parameters."""
    if isinstance(space, ListedSpace):
        return listed.sample(trial, space)[0].candidate
    if isinstance(space, EliminationSpace):
        return elimination.sample(trial, space, classes)
    return scratch.sample(trial, space, classes)


def summary(candidate: Candidate) -> str:
    """The candidate in one line for people."""
    network = candidate.network
    head = network.head
    parts = [head.kind, *(str(number) for number in (head.width, head.convolutions) if number), *head.taps]
    size = f"{network.image_size} px{_TRAINED[training_of(candidate)]}"
    if isinstance(network, EliminatedSpecification):
        if network.cut is None:
            return f"{network.backbone} uncut, {size}"
        return f"{network.backbone} to {network.cut} + {' '.join(parts)}, {size}"
    return f"{_stages(network)} + {' '.join(parts)}, {size}"


def _stages(network: ScratchSpecification) -> str:
    """Stages as block, c channels, r repeats and s stride, like timm's architecture strings; a number of 1 is left out.

    Source: https://github.com/huggingface/pytorch-image-models, timm/models/_efficientnet_builder.py.
    """
    short = {"inverted_residual_v2": "irv2", "inverted_residual_v3": "irv3"}

    def text(stage: StageSpecification) -> str:
        numbers = (f"c{stage.channels}", f"r{stage.repeats}", f"s{stage.stride}")
        return "_".join((short.get(stage.block, stage.block), *(one for one in numbers if one not in ("r1", "s1"))))

    return " ".join(map(text, network.stages))
