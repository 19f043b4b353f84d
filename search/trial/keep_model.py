"""Saving the model of a trial that joins its study's Pareto front: weights, description, card and confusion matrix.

The model is saved before the trial is finished, so that no worker that is killed leaves a member of a front without its
model. An error here costs the model alone: the trial is finished with its result, and with the reason.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
from search.statistics.calibration import fitted_temperature
from search.statistics.separation import Separation
from search.system.text import escaped
from search.training.evaluation import Evaluation, TrainingResult
from search.trial.assignment import Assignment
from storage.artefacts import Artefacts
from storage.database import Database
from storage.errors import ArtefactError, StorageError
from storage.leases import Lease
from storage.pages import Page
from storage.results import attach_files

log = logging.getLogger(__name__)

CARD_FILE = "model_card.md"
MATRIX_FILE = "confusion_matrix.png"
FILES = (MATRIX_FILE, CARD_FILE, WEIGHTS_FILE, DESCRIPTION_FILE)
PACKAGES = ("elimnet-search", "torch", "torchvision", "timm")


@dataclass(frozen=True)
class TrainedModel:
    """The model of a trial that is trained and scored, and about to be finished.

    number        of its trial, if that is another than the lease's, whose training produced it
    data          `Dataset.describe()`
    device        what trained it, for people
    trained_on    the images that it was trained on
    temperature   of its probabilities; None: fitted on validation, if it is scored there, and otherwise 1
    test_metrics  scores on test, for a network that is not scored on validation
    """

    study: optuna.Study
    lease: Lease
    assignment: Assignment
    result: TrainingResult
    data: Mapping[str, Any]
    device: str
    trained_on: PartName
    test_metrics: Metrics | None = None
    number: int | None = None
    temperature: float | None = None

    @property
    def trial(self) -> int:
        """The number of its trial."""
        return self.lease.number if self.number is None else self.number


def keep(database: Database, artefacts: Artefacts, model: TrainedModel) -> str | None:
    """Save the model. Returns why that failed, None where it did not.

    A store that fails is logged, and so is anything else that goes wrong, except for a lost database. Raises LeaseLost
    where another worker has the trial; its model stays as it is.
    """

    def save_and_attach() -> None:
        with _saved(artefacts, model) as (files, unused):
            unused[:] = attach_files(database, model.lease, files)

    return _reason(save_and_attach, model)


def save(artefacts: Artefacts, model: TrainedModel) -> dict[str, str] | str:
    """Save the model of a trial that does not exist yet. Returns the files' names and ids, or why that failed.

    Whoever creates the trial shows the files with it (see `storage.produced`), or else removes them with `forget`.
    """
    kept: dict[str, str] = {}

    def save_alone() -> None:
        with _saved(artefacts, model) as (files, unused):
            kept.update(files)
            unused.clear()

    return _reason(save_alone, model) or kept


def forget(artefacts: Artefacts, files: Mapping[str, str]) -> None:
    """Remove the files of a saved model. A file that cannot be removed stays in the store."""
    for artefact_id in files.values():
        with suppress(ArtefactError):
            artefacts.remove(artefact_id)


def _reason(save_model_of: Callable[[], None], model: TrainedModel) -> str | None:
    """Why saving failed; None where it did not."""
    try:
        save_model_of()
        return None
    except (ArtefactError, OSError, BadInput) as error:
        log.warning("the model of %s #%s is lost: %s", model.study.study_name, model.trial, error)
        return " ".join(str(error).split())
    except StorageError:
        raise
    except Exception as error:
        log.exception("the model of %s #%s is lost", model.study.study_name, model.trial)
        return " ".join(f"{type(error).__name__}: {error}".split())


def note_lost(database: Database, model: TrainedModel, reason: str) -> None:
    """Say on the trial's page of the dashboard why it has no model."""
    page = Page(database, model.study)
    sign_note(page, f"{NOT_KEPT} {escaped(reason)}", model.lease.trial_id)
    page.write()


@contextmanager
def _saved(artefacts: Artefacts, model: TrainedModel) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The names and ids of the model's files, which the store has, and the ids that are removed in the end.

    All files are removed, unless the caller changes that list. They have new ids and are shown only if this worker
    still has the trial. So a worker that was frozen here does not replace the model of the worker that has finished
    the trial meanwhile.
    """
    files: dict[str, str] = {}
    unused: list[str] = []
    with tempfile.TemporaryDirectory(prefix="elimnet-model-") as temporary:
        folder = Path(temporary) / "model"
        _write(model, folder)
        try:
            for name in FILES:
                files[name] = artefacts.save(folder / name)
                unused.append(files[name])
            yield files, unused
        finally:
            for artefact_id in unused:
                with suppress(ArtefactError):
                    artefacts.remove(artefact_id)


def _write(model: TrainedModel, folder: Path) -> None:
    network, data = model.result.network, model.data
    known = {name: data[name] for name in ("fit", "pixel_range") if name in data}
    taken = InputDescription(image_size=network.specification.image_size, **known)
    temperature = _temperature(model)
    provenance = _provenance(model, temperature)
    description = save_model(network, data["classes"], taken, provenance, folder, temperature=temperature)
    title = f"{model.study.study_name}, trial {model.trial}"
    matrix = confusion_figure(description.classes, description.provenance.metrics, title)
    (folder / MATRIX_FILE).write_bytes(png(matrix))
    (folder / CARD_FILE).write_text(model_card(description), encoding="utf-8")


def _temperature(model: TrainedModel) -> float:
    if model.temperature is not None:
        return model.temperature
    scored = model.result.evaluation
    return 1.0 if scored is None else fitted_temperature(scored.logits, scored.labels)


def metrics_of(
    split: Literal["validation", "test"],
    evaluation: Evaluation,
    counts: Mapping[str, int],
    unknown: Separation | None = None,
) -> Metrics:
    """The scores on a split, for a model's description; `counts` holds parameters and macs."""
    return Metrics(
        split=split,
        f1_macro=evaluation.f1_macro,
        accuracy=evaluation.accuracy,
        f1_per_class=tuple(evaluation.f1_per_class.tolist()),
        confusion=tuple(map(tuple, evaluation.confusion.tolist())),
        parameters=counts["parameters"],
        macs=counts["macs"],
        unknown=unknown,
    )


def _provenance(model: TrainedModel, temperature: float) -> Provenance:
    result, candidate, counts = model.result, model.assignment.candidate, model.assignment.counts
    return Provenance(
        study=model.study.study_name,
        trial=model.trial,
        seed=model.assignment.seed,
        initial_weights=candidate.initial_weights,
        recipe=candidate.recipe.model_dump(mode="json"),
        networks=max(1, len(candidate.exits)),
        data=dict(model.data),
        trained_on=model.trained_on,
        metrics=model.test_metrics
        or metrics_of("validation", result.validation, counts, result.separation(temperature)),
        device=model.device,
        seconds=result.seconds,
        versions={package: version(package) for package in PACKAGES},
    )
