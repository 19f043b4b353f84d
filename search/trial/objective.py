"""One trial, from the sample to its result: sample, count, build, train, measure, keep."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import optuna
import torch

from blocks.build import build
from blocks.cost import count_layers, count_macs, count_parameters
from blocks.network import Network
from blocks.specification import EliminatedSpecification, NetworkSpecification, ScratchSpecification, StageSpecification
from search.data.array_cache import ArrayCache
from search.data.arrays import Arrays
from search.settings.candidate import Candidate
from search.settings.search import Settings
from search.settings.spaces import AnySpace, EliminationSpace, ListedSpace, ScratchSpace
from search.spaces import elimination, listed, scratch
from search.system.device import best_device, check_device
from search.training.checkpoint import Checkpoint
from search.training.evaluation import EpochMetrics, TrainingResult
from search.training.loop import train
from search.training.weights import load_weights

if TYPE_CHECKING:  # studies are not made before it is known, by counting networks, that they can be searched
    from search.study.study import OpenStudy


_WIDE = 4096


class OverTheLimit(Exception):
    """The candidate is larger or slower than its space allows, and is not trained.

    `over` has value and limit of each that is over; an `excess` of 1 is twice the limit.
    """

    def __init__(self, candidate_key: str, over: Mapping[str, tuple[float, float]]) -> None:
        self.candidate_key = candidate_key
        self.excess = max(value / limit for value, limit in over.values()) - 1
        lines = [
            f"{_number(value)} {name}, over the limit of {_number(limit)}" for name, (value, limit) in over.items()
        ]
        super().__init__(", ".join(lines))


class Hooks(TypedDict, total=False):
    """What a training tells and asks its surroundings: see `search.training.loop.train`."""

    checkpoint: Checkpoint | None
    accumulation: int
    on_epoch: Callable[[EpochMetrics], None]
    on_step: Callable[[], None]
    interrupted: Callable[[], bool]


@dataclass(frozen=True)
class Assignment:
    """What a trial is to do: fixed once, stored on the trial, and the same for whoever continues it.

    row          the name of it, in a listed study
    beside       the trial whose network it has, but for its head's training, and with which it was trained: such trials
                 do not use up the study's budget
    runs_to_end  whatever its rivals score: a reference, or a further seed, as a mean of lucky seeds would mislead
    """

    candidate: Candidate
    seed: int
    counts: dict[str, int]
    row: str | None = None
    runs_to_end: bool = False
    beside: int | None = None

    def attributes(self) -> dict[str, Any]:
        """The trial's attributes that describe it."""
        return {
            "candidate": self.candidate.model_dump(mode="json"),
            "candidate_key": self.candidate.key,
            "seed": self.seed,
            "family": self.candidate.network.family,
            "summary": summary(self.candidate),
            **({} if self.row is None else {"row": self.row}),
            **({"runs_to_end": True} if self.runs_to_end else {}),
            **({} if self.beside is None else {"beside": self.beside}),
            **self.counts,
        }

    @classmethod
    def from_attributes(cls, attributes: dict[str, Any]) -> Assignment:
        """The inverse of `attributes`."""
        counts = {name: attributes[name] for name in ("parameters", "macs", "layers")}
        candidate = Candidate.model_validate(attributes["candidate"])
        row, runs_to_end, beside = attributes.get("row"), attributes.get("runs_to_end", False), attributes.get("beside")
        return cls(candidate, attributes["seed"], counts, row, runs_to_end, beside)


def assign(
    open_study: OpenStudy, trial: optuna.Trial, classes: int, first_seed: int, teacher: str | None = None
) -> Assignment:
    """Sample the trial's candidate and its seed: the first that no trial of the same candidate has.

    Queued uncut backbones, what cuts are compared with, run to their end, and so do further seeds. A row of a listed
    study does, and has its own seed. Raises OverTheLimit for a network that is larger or slower than the space allows;
    an uncut backbone and a listed one may be.
    """
    space = open_study.space
    if isinstance(space, ListedSpace):
        row, seed = listed.sample(trial, space)
        return Assignment(row.candidate, seed, counts_of(row.candidate.network), row.name, runs_to_end=True)
    candidate = sample_candidate(trial, space, classes, teacher)
    counts = counts_of(candidate.network)
    uncut = is_uncut(candidate)
    if not uncut and (over := over_limits(space, candidate, counts)):
        raise OverTheLimit(candidate.key, over)
    others = open_study.study.get_trials(deepcopy=False)
    same = [other.user_attrs for other in others if other.user_attrs.get("candidate_key") == candidate.key]
    taken = {attributes["seed"] for attributes in same if "seed" in attributes}
    seed = next(seed for seed in itertools.count(first_seed) if seed not in taken)
    return Assignment(candidate, seed, counts, runs_to_end=bool(taken) or (uncut and queued(trial)))


def over_limits(
    space: EliminationSpace | ScratchSpace, candidate: Candidate, counts: Mapping[str, int]
) -> dict[str, tuple[float, float]]:
    """Value and limit of each that is over. Time is taken only of what is small enough, as it takes a second itself."""
    over = over_counts(space, counts)
    if over or space.max_latency_ms is None:
        return over
    from search.models.latency.measuring import latency_ms  # noqa: PLC0415 - few searches need ONNX

    taken = latency_ms(candidate.network, space.max_latency_ms)
    return {"latency_ms": (taken, space.max_latency_ms)} if taken > space.max_latency_ms else {}


def over_counts(space: EliminationSpace | ScratchSpace, counts: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Value and limit of each count that is over."""
    limits = {"parameters": space.max_parameters, "macs": space.max_macs}
    return {name: (counts[name], limit) for name, limit in limits.items() if limit is not None and counts[name] > limit}


def is_uncut(candidate: Candidate) -> bool:
    """Whether that is a whole backbone, which no limit holds for."""
    return isinstance(candidate.network, EliminatedSpecification) and candidate.network.cut is None


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def queued(trial: optuna.Trial) -> bool:
    """Whether the trial was given parameters before it was begun."""
    return bool(trial._fixed_params)


def counts_of(specification: NetworkSpecification) -> dict[str, int]:
    """Parameters, MACs and layers of a network that is built for it."""
    head = specification.head.model_copy(update={"dropout": 0.0})  # which changes none of them
    return dict(_counted(specification.model_copy(update={"head": head})))


@lru_cache(maxsize=1000)
def _counted(specification: NetworkSpecification) -> Mapping[str, int]:
    with torch.device("meta") if _wide(specification) else nullcontext():
        network = build(specification)
    parameters, layers = count_parameters(network), count_layers(network)
    macs = count_macs(network, specification.image_size, in_place=True)
    return {"parameters": parameters, "macs": macs, "layers": layers}


def _wide(specification: NetworkSpecification) -> bool:
    """Whether it could be too large for this machine's memory: it is only counted, and that needs shapes alone."""
    stages = specification.stages if isinstance(specification, ScratchSpecification) else ()
    return any(stage.channels * (stage.expansion or 1) > _WIDE for stage in stages)


def sample_candidate(
    trial: optuna.trial.BaseTrial, space: AnySpace, classes: int, teacher: str | None = None
) -> Candidate:
    """The candidate that the trial's parameters stand for; `teacher` is the trial that it may learn from."""
    if isinstance(space, ListedSpace):
        return listed.sample(trial, space)[0].candidate
    if isinstance(space, EliminationSpace):
        return elimination.sample(trial, space, classes, teacher)
    return scratch.sample(trial, space, classes, teacher)


def run(
    assignment: Assignment,
    train_arrays: Arrays,
    validation_arrays: Arrays | None,
    settings: Settings,
    device: torch.device,
    teacher: Network | None = None,
    **hooks: Unpack[Hooks],
) -> TrainingResult:
    """Train the assignment's candidate, by `teacher` if it has one, and score it on validation, if that is given.

    Equal assignments give equal results on the CPU.
    """
    candidate = assignment.candidate
    pretrained = candidate.initial_weights == "pretrained"
    return train(
        network_of(assignment, settings),
        candidate.recipe,
        train_arrays,
        validation_arrays,
        seed=assignment.seed,
        device=device,
        pretrained=pretrained,
        teacher=teacher,
        features=feature_cache(settings) if pretrained else None,
        **hooks,
    )


def network_of(assignment: Assignment, settings: Settings) -> Network:
    """The assignment's network with the weights that its training begins with, on the CPU."""
    network, state = assignment.candidate.network, None
    torch.manual_seed(assignment.seed)
    if isinstance(network, EliminatedSpecification) and assignment.candidate.initial_weights == "pretrained":
        state = load_weights(network.backbone, settings.weights_dir)
    return build(network, state)


def feature_cache(settings: Settings) -> ArrayCache | None:
    """Where features of frozen stages are kept for all workers of this machine, if anywhere."""
    limit = int(settings.feature_cache_gb * 1e9)
    return ArrayCache(settings.cache_dir / "features", limit) if limit else None


def summary(candidate: Candidate) -> str:
    """The candidate in a line for people."""
    network = candidate.network
    head = network.head
    parts = [head.kind, *(str(number) for number in (head.width, head.convolutions) if number), *head.taps]
    size = f"{network.image_size} px" + (f", taught by {candidate.teacher}" if candidate.teacher else "")
    if isinstance(network, EliminatedSpecification):
        if network.cut is None:
            return f"{network.backbone} uncut, {size}"
        return f"{network.backbone} to {network.cut} + {' '.join(parts)}, {size}"
    return f"{_stages(network)} + {' '.join(parts)}, {size}"


def _stages(network: ScratchSpecification) -> str:
    """Stages as block, c channels, r repeats and s stride, in the manner of timm's architecture strings; 1 is left out.

    Source: https://github.com/huggingface/pytorch-image-models, timm/models/_efficientnet_builder.py.
    """
    short = {"inverted_residual_v2": "irv2", "inverted_residual_v3": "irv3"}

    def text(stage: StageSpecification) -> str:
        numbers = (f"c{stage.channels}", f"r{stage.repeats}", f"s{stage.stride}")
        return "_".join((short.get(stage.block, stage.block), *(one for one in numbers if one not in ("r1", "s1"))))

    return " ".join(map(text, network.stages))


def result_attributes(result: TrainingResult, device: torch.device) -> dict[str, Any]:
    """What a finished trial is stored with, besides its objectives and its learning curve."""
    scores: dict[str, Any] = {}
    if result.evaluation is not None:
        scores = {
            "accuracy": result.evaluation.accuracy,
            "validation_loss": result.evaluation.loss,
            "f1_per_class": result.evaluation.f1_per_class.tolist(),
            "confusion": result.evaluation.confusion.tolist(),
        }
    return scores | {
        "train_f1_macro": result.epochs[-1].train_f1_macro,
        "epochs": len(result.epochs),
        "seconds": result.seconds,
        "images_per_second": result.images_per_second,
        "peak_memory_mb": result.peak_memory_mb,
        "device": device_name(device),
    }


def device_name(device: torch.device) -> str:
    """What trained it, for people: the GPU's name, or the processor's kind and the number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"{torch.backends.mps.get_name()} GPU"
    threads = torch.get_num_threads()
    return f"CPU {platform.machine()}, {threads} thread{'s' if threads != 1 else ''}"


def choose_device(wanted: str) -> torch.device:
    """The device of the settings; auto takes a GPU where there is one. Raises BadInput for one that is not there."""
    if wanted == "auto":
        wanted = best_device()
    check_device(wanted)
    return torch.device(wanted)
