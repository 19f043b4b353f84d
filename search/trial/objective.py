"""One trial, from the sample to its result: sample, count, build, train, measure, keep."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import optuna
import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification
from search.data.array_cache import ArrayCache
from search.data.arrays import Arrays
from search.settings.candidate import Candidate
from search.settings.search import Settings
from search.settings.spaces import ListedSpace
from search.spaces import listed
from search.spaces.sample import OverTheLimit, counts_of, is_uncut, queued, sample_candidate, summary
from search.study.limits import over_limits
from search.system.device import device_name
from search.training.checkpoint import Checkpoint
from search.training.evaluation import EpochMetrics, TrainingResult
from search.training.hooks import Hooks as TrainingHooks
from search.training.loop import train
from search.training.plan import Plan, TrainingData
from search.training.weights import load_weights

if TYPE_CHECKING:  # studies are not made before it is known, by counting networks, that they can be searched
    from search.study.study import OpenStudy


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
    plan = Plan(candidate.recipe, assignment.seed, pretrained, teacher)
    data = TrainingData(train_arrays, validation_arrays, feature_cache(settings) if pretrained else None)
    return train(network_of(assignment, settings), plan, data, device, TrainingHooks(**hooks))


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
