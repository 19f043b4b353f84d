"""What trains: the network of an assignment, from its first weights to its result."""

from __future__ import annotations

from typing import Any

import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification
from search.settings.search import Settings
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.training.hooks import NO_HOOKS, Hooks
from search.training.loop import train
from search.training.plan import Plan, TrainingData
from search.training.weights import load_weights
from search.trial.assignment import Assignment


def run(
    assignment: Assignment, data: TrainingData, settings: Settings, device: torch.device, hooks: Hooks = NO_HOOKS
) -> TrainingResult:
    """Train the assignment's candidate, and score it on validation, if `data` has a validation split.

    Equal assignments give equal results on the CPU.
    """
    candidate = assignment.candidate
    pretrained = candidate.initial_weights == "pretrained"
    plan = Plan(candidate.recipe, assignment.seed, pretrained)
    return train(network_of(assignment, settings), plan, data, device, hooks)


def network_of(assignment: Assignment, settings: Settings) -> Network:
    """The assignment's network with its first weights, on the CPU."""
    network, state = assignment.candidate.network, None
    torch.manual_seed(assignment.seed)
    if isinstance(network, EliminatedSpecification) and assignment.candidate.initial_weights == "pretrained":
        state = load_weights(network.backbone, settings.weights_dir)
    return build(network, state)


def result_attributes(result: TrainingResult, device: torch.device) -> dict[str, Any]:
    """The attributes of a finished trial, besides its objectives and its learning curve."""
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
