"""Evaluating a trained network on the test split: once, with the scores stored on the trial.

This is the only place that scores a network on the test split. `search.report.final_mistakes` shows its stored answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import torch

from blocks.network import Network
from search.data.arrays import Arrays
from search.data.batches import Rows
from search.models.answers import packed
from search.models.description import Metrics
from search.statistics.calibration import calibration, softmax
from search.statistics.separation import Separation, separation
from search.training.evaluation import Evaluation, logits_of

READ_AT = "test_read_at"
ANSWERS = "test_answers"
TEMPERATURE = "temperature"
"""The attribute of a trial with the temperature that fits its validation logits."""
CALIBRATION = "test_calibration"
"""The attribute of a trial with its temperature and its calibration on test: `before` and `after` it was applied."""
UNKNOWN, UNKNOWN_AUROC = "validation_unknown", "unknown_auroc"
"""The attributes of a trial with the `Separation` of unknown validation images, and with its AUROC alone."""
TEST_UNKNOWN = "test_unknown"
"""The attribute of a trial with the `Separation` of unknown test images."""
TEST_ATTRIBUTES = (
    READ_AT,
    "test_f1_macro",
    "test_accuracy",
    "test_loss",
    "test_f1_per_class",
    "test_confusion",
    ANSWERS,
    CALIBRATION,
    TEST_UNKNOWN,
)
"""The attributes of a trial that `score_once` gives."""


def score_once(
    network: Network,
    read_test: Callable[[], Arrays],
    device: torch.device,
    batch_size: int,
    known: Mapping[str, Any],
    remember: Callable[[Mapping[str, Any]], None],
    sign: Callable[[], bool] | None = None,
    temperature: float | None = None,
    read_unknown: Callable[[], Arrays | None] = lambda: None,
    threshold: float | None = None,
) -> Mapping[str, Any]:
    """The network's scores on the test split, as attributes of its trial.

    network      trained, on `device`
    read_test    opens the split; not called if `known`, the trial's attributes, already has the scores
    remember     stores all scores in one step, before they are shown anywhere
    sign         called before each batch, so that the supervisor sees progress
    temperature  of the network's probabilities, which was not fitted on test; None: it has none
    read_unknown opens the unknown test images, if there are any
    threshold    below which the largest probability of an image turns it away, which was not chosen on test
    """
    if READ_AT in known:
        return known
    read_at = datetime.now(UTC).isoformat(timespec="seconds")
    arrays = read_test()
    rows = Rows(arrays, device)
    evaluation = Evaluation.of(logits_of(network, rows, device, batch_size, sign), rows.labels)
    scores = {
        READ_AT: read_at,
        "test_f1_macro": evaluation.f1_macro,
        "test_accuracy": evaluation.accuracy,
        "test_loss": evaluation.loss,
        "test_f1_per_class": evaluation.f1_per_class.tolist(),
        "test_confusion": evaluation.confusion.tolist(),
        ANSWERS: packed(arrays.labels, evaluation.predictions),
    }
    if temperature is not None:
        scores[CALIBRATION] = {
            TEMPERATURE: temperature,
            "before": asdict(calibration(softmax(evaluation.logits), arrays.labels)),
            "after": asdict(calibration(softmax(evaluation.logits, temperature), arrays.labels)),
        }
    if (unknown := read_unknown()) is not None:
        others = logits_of(network, Rows(unknown, device), device, batch_size, sign).numpy()
        both = [softmax(logits, temperature or 1.0) for logits in (evaluation.logits, others)]
        scores[TEST_UNKNOWN] = asdict(separation(both[0], both[1], threshold))
    remember(scores)
    return scores


def metrics_of_attributes(scores: Mapping[str, Any], counts: Mapping[str, int]) -> Metrics:
    """Test scores in the form of a model's description; `counts` holds parameters and macs."""
    return Metrics(
        split="test",
        f1_macro=scores["test_f1_macro"],
        accuracy=scores["test_accuracy"],
        f1_per_class=tuple(scores["test_f1_per_class"]),
        confusion=tuple(map(tuple, scores["test_confusion"])),
        parameters=counts["parameters"],
        macs=counts["macs"],
        unknown=Separation(**scores[TEST_UNKNOWN]) if TEST_UNKNOWN in scores else None,
    )


def temperature_in(scores: Mapping[str, Any]) -> float | None:
    """The temperature with which the network was scored on test; None if it had none."""
    known = scores.get(CALIBRATION)
    return None if known is None else float(known[TEMPERATURE])
