"""Keeping the model of a trial that joins its study's front: weights, description, card and confusion matrix.

It is kept before the trial is ended, so that a worker that is killed leaves no member of a front without its model.
Whatever fails here costs the model alone: the trial is ended with its result, and with the reason.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import optuna

from search.dashboard.notes import NOT_KEPT
from search.dashboard.signature import sign_note
from search.data.arrays import PartName
from search.errors import BadInput
from search.models.card import model_card
from search.models.confusion import confusion_figure, png
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE, InputDescription, Metrics, Provenance
from search.models.folder import save_model
from search.system.text import escaped
from search.training.evaluation import Evaluation, TrainingResult
from search.trial.assignment import Assignment
from storage.artefacts import Artefacts
from storage.database import Database
from storage.errors import ArtefactError, StorageError
from storage.pages import Page

log = logging.getLogger(__name__)

CARD_FILE = "model_card.md"
MATRIX_FILE = "confusion_matrix.png"
PACKAGES = ("elimnet-search", "torch", "torchvision", "timm")


@dataclass(frozen=True)
class Finished:
    """A trial that is trained and scored, and about to be ended.

    data          `Dataset.describe()`
    device        what trained it, for people
    trained_on    the images that it was trained on
    test_metrics  of a network that was scored on test and not on validation
    """

    study: optuna.Study
    trial_id: int
    number: int
    assignment: Assignment
    result: TrainingResult
    data: Mapping[str, Any]
    device: str
    trained_on: PartName
    test_metrics: Metrics | None = None


def keep(artefacts: Artefacts, trial: Finished) -> str | None:
    """Keep the trial's model. Returns why it could not be kept, None where it was.

    A store that fails is logged; so is anything else that goes wrong, but for a database that is lost.
    """
    try:
        _keep(artefacts, trial)
        return None
    except (ArtefactError, OSError, BadInput) as error:
        log.warning("the model of %s #%s is lost: %s", trial.study.study_name, trial.number, error)
        return " ".join(str(error).split())
    except StorageError:
        raise
    except Exception as error:
        log.exception("the model of %s #%s is lost", trial.study.study_name, trial.number)
        return " ".join(f"{type(error).__name__}: {error}".split())


def note_lost(database: Database, trial: Finished, reason: str) -> None:
    """Say on the trial's page of the dashboard why it has no model."""
    page = Page(database, trial.study)
    sign_note(page, f"{NOT_KEPT} {escaped(reason)}", trial.trial_id)
    page.write()


def _keep(artefacts: Artefacts, trial: Finished) -> None:
    """Write all to a folder that goes away, and from there to the store; a description there means that all is."""
    with tempfile.TemporaryDirectory(prefix="elimnet-model-") as temporary:
        folder = Path(temporary) / "model"
        network, data = trial.result.network, trial.data
        known = {name: data[name] for name in ("fit", "pixel_range") if name in data}
        taken = InputDescription(image_size=network.specification.image_size, **known)
        description = save_model(network, data["classes"], taken, _provenance(trial), folder)
        title = f"{trial.study.study_name}, trial {trial.number}"
        (folder / MATRIX_FILE).write_bytes(
            png(confusion_figure(description.classes, description.provenance.metrics, title))
        )
        (folder / CARD_FILE).write_text(model_card(description), encoding="utf-8")
        for name in (MATRIX_FILE, CARD_FILE, WEIGHTS_FILE, DESCRIPTION_FILE):
            artefacts.attach(trial.study, folder / name, trial.trial_id)


def metrics_of(split: Literal["validation", "test"], evaluation: Evaluation, counts: Mapping[str, int]) -> Metrics:
    """Scores on a split as a model's description has them; `counts` holds parameters and macs."""
    return Metrics(
        split=split,
        f1_macro=evaluation.f1_macro,
        accuracy=evaluation.accuracy,
        f1_per_class=tuple(evaluation.f1_per_class.tolist()),
        confusion=tuple(map(tuple, evaluation.confusion.tolist())),
        parameters=counts["parameters"],
        macs=counts["macs"],
    )


def _provenance(trial: Finished) -> Provenance:
    result, candidate, counts = trial.result, trial.assignment.candidate, trial.assignment.counts
    return Provenance(
        study=trial.study.study_name,
        trial=trial.number,
        seed=trial.assignment.seed,
        initial_weights=candidate.initial_weights,
        recipe=candidate.recipe.model_dump(mode="json"),
        data=dict(trial.data),
        trained_on=trial.trained_on,
        metrics=trial.test_metrics or metrics_of("validation", result.validation, counts),
        device=trial.device,
        seconds=result.seconds,
        versions={package: version(package) for package in PACKAGES},
    )
