"""A new study: the attributes and the queue that its kind of space gives it, stored once."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning

from blocks.anatomy import anatomy
from blocks.cost import linear_macs, linear_parameters
from search.settings.search import Settings, resolved
from search.settings.spaces import AnySpace, EliminationSpace, ListedSpace
from search.settings.stored import SCHEMA, SCHEMA_KEY, to_store
from search.spaces import listed
from search.study.differences import LATENCY_MACHINE
from search.study.first_trials import first_candidates
from search.study.study import DIRECTIONS, OBJECTIVES, WHOLE
from search.system.hardware import processor
from storage.database import Database

TEST_OBJECTIVES = ("test_f1_macro", "parameters")
PACKAGES = ("torch", "timm", "optuna", "elimnet-search")
USUAL_TRIALS = 20  # assumed for a study whose budget is one of time

Queue = list[dict[str, Any]]
"""Optuna parameters of a study's first trials, in order."""


def attributes_of_study(space: AnySpace, settings: Settings, data: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a study over `space` is created with; `data` is `Dataset.describe()`."""
    attributes: dict[str, Any] = {
        "space": space.space,
        "settings": {**resolved(settings), SCHEMA_KEY: SCHEMA},
        "data": dict(data),
        "versions": {package: version(package) for package in PACKAGES},
        "python": platform.python_version(),
    }
    if isinstance(space, ListedSpace):
        attributes["scored_on"] = space.scored_on
    elif space.max_latency_ms:
        attributes[LATENCY_MACHINE] = processor()
    if isinstance(space, EliminationSpace):
        attributes["backbones"] = _uncut_counts(space, len(data["classes"]))
    return attributes


def queue_of_study(space: AnySpace, trials: int | None) -> Queue:
    """The first trials of a study over `space`; `trials` is its budget, None if only time limits it."""
    if isinstance(space, ListedSpace):
        return listed.all_parameters(space)
    if isinstance(space, EliminationSpace):
        return first_candidates(space, max(1, (trials or USUAL_TRIALS) // 2))
    return []


def create_study(
    database: Database, study_name: str, space: AnySpace, attributes: Mapping[str, Any], queue: Queue
) -> None:
    """Store the study. Its space comes last, as a sign that it is complete: a study without it is created again."""
    study = optuna.create_study(
        storage=database.optuna, study_name=study_name, directions=DIRECTIONS, load_if_exists=True
    )
    reads_test = isinstance(space, ListedSpace) and space.reads_test
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        study.set_metric_names(list(TEST_OBJECTIVES if reads_test else OBJECTIVES))
    for parameters in queue:
        study.enqueue_trial(parameters, skip_if_exists=True)
    for key, value in {**attributes, WHOLE: to_store(space)}.items():
        study.set_user_attr(key, value)


def _uncut_counts(space: EliminationSpace, classes: int) -> dict[str, dict[str, int]]:
    """Counts of each full backbone with these classes, at the space's largest image size: the report's 100%."""
    counts = {}
    for backbone in space.backbones:
        uncut = anatomy(backbone, max(space.image_sizes)).cuts[-1]
        counts[backbone] = {
            "parameters": uncut.parameters + linear_parameters(uncut.channels, classes),
            "macs": uncut.macs + linear_macs(uncut.channels, classes),
        }
    return counts
