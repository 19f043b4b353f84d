"""What trains: the networks of an assignment, from their first weights to their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

import torch

from blocks.build import build
from blocks.multi_exit import MultiExitNetwork, build_multi_exit
from blocks.network import Network
from blocks.specification import EliminatedSpecification
from search.models.answers import VALIDATION_ANSWERS, packed
from search.models.final_scores import TEMPERATURE, UNKNOWN, UNKNOWN_AUROC
from search.settings.candidate import Candidate
from search.settings.search import Settings
from search.spaces.sample import training_of
from search.statistics.calibration import fitted_temperature
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.training.hooks import NO_HOOKS, Hooks
from search.training.loop import Training, train
from search.training.multi_exit import MultiExitTraining, train_exits
from search.training.plan import Plan, TrainingData
from search.training.probe import probe_exits
from search.training.weights import State, load_weights
from search.trial.assignment import Assignment


def run(
    assignment: Assignment, data: TrainingData, settings: Settings, device: torch.device, hooks: Hooks = NO_HOOKS
) -> TrainingResult:
    """Train the assignment's candidate, without others, and score it on validation, if `data` has a validation split.

    Equal assignments give equal results on the CPU.
    """
    if training_of(assignment.candidate) != "alone":
        return run_together([assignment], data, settings, device, hooks)[-1]
    return train(_network_of(assignment, settings), _plan(assignment), data, device, hooks)


def run_together(
    exits: Sequence[Assignment], data: TrainingData, settings: Settings, device: torch.device, hooks: Hooks = NO_HOOKS
) -> list[TrainingResult]:
    """Train, or probe, the candidates of one training together, the deepest cut last. A result for each, as `run`."""
    candidate = exits[-1].candidate
    network = _multi_exit_of(exits, settings)
    if candidate.recipe.method == "linear_probe":
        return probe_exits(network, data, device, hooks)
    return train_exits(network, _plan(exits[-1]), data, device, hooks)


def training_for(
    exits: Sequence[Assignment], data: TrainingData, settings: Settings, device: torch.device, hooks: Hooks
) -> Training:
    """The training of these networks, which has not begun: of one alone, or of several together, the deepest last."""
    plan = _plan(exits[-1])
    if training_of(exits[-1].candidate) == "alone":
        return Training(_network_of(exits[-1], settings), plan, data, device, hooks)
    return MultiExitTraining(_multi_exit_of(exits, settings), plan, data, device, hooks)


def _plan(assignment: Assignment) -> Plan:
    candidate = assignment.candidate
    return Plan(candidate.recipe, assignment.seed, candidate.initial_weights == "pretrained")


def _network_of(assignment: Assignment, settings: Settings) -> Network:
    """The assignment's network with its first weights, on the CPU."""
    torch.manual_seed(assignment.seed)
    return build(assignment.candidate.network, _backbone_state(assignment.candidate, settings))


def _multi_exit_of(exits: Sequence[Assignment], settings: Settings) -> MultiExitNetwork:
    torch.manual_seed(exits[-1].seed)
    networks = [cast(EliminatedSpecification, each.candidate.network) for each in exits]
    return build_multi_exit(networks, _backbone_state(exits[-1].candidate, settings))


def _backbone_state(candidate: Candidate, settings: Settings) -> State | None:
    network = candidate.network
    if isinstance(network, EliminatedSpecification) and candidate.initial_weights == "pretrained":
        return load_weights(network.backbone, settings.weights_dir)
    return None


def result_attributes(result: TrainingResult, device: torch.device) -> dict[str, Any]:
    """The attributes of a finished trial, besides its objectives and its learning curve."""
    scores: dict[str, Any] = {}
    if result.evaluation is not None:
        temperature = fitted_temperature(result.evaluation.logits, result.evaluation.labels)
        scores = {
            "accuracy": result.evaluation.accuracy,
            "validation_loss": result.evaluation.loss,
            "f1_per_class": result.evaluation.f1_per_class.tolist(),
            "confusion": result.evaluation.confusion.tolist(),
            TEMPERATURE: temperature,
            VALIDATION_ANSWERS: packed(result.evaluation.labels, result.evaluation.predictions),
        }
        if (separation := result.separation(temperature)) is not None:
            scores |= {UNKNOWN_AUROC: separation.auroc, UNKNOWN: asdict(separation)}
    return scores | {
        "train_f1_macro": result.epochs[-1].train_f1_macro,
        "epochs": len(result.epochs),
        "seconds": result.seconds,
        "images_per_second": result.images_per_second,
        "peak_memory_mb": result.peak_memory_mb,
        "device": device_name(device),
    }
