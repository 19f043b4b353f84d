from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import ScratchSpecification, StageSpecification
from search.data.arrays import NO_CLASS, Arrays
from search.models.answers import unpack
from search.models.final_scores import (
    ANSWERS,
    CALIBRATION,
    READ_AT,
    TEST_UNKNOWN,
    metrics_of_attributes,
    score_once,
    temperature_in,
)
from search.statistics.calibration import calibration, softmax
from search.statistics.separation import Separation, separation
from tests.training import evaluate

CPU = torch.device("cpu")


@pytest.fixture
def network() -> Network:
    stages = (StageSpecification(block="conv", channels=8),)
    return build(ScratchSpecification(image_size=16, classes=3, stem_channels=8, stages=stages))


@pytest.fixture
def arrays() -> Arrays:
    generator = np.random.default_rng(0)
    return Arrays(generator.integers(0, 255, (10, 16, 16, 3), dtype=np.uint8), np.arange(10) % 3)


def test_the_scores_are_those_of_the_split_and_remembered_before_they_are_told(
    network: Network, arrays: Arrays
) -> None:
    remembered: list[Mapping[str, Any]] = []
    scores = score_once(network, lambda: arrays, CPU, 4, {"candidate": {}}, remembered.append)
    expected = evaluate(network, arrays, CPU, 4)
    assert remembered == [scores]
    assert json.loads(json.dumps(scores)) == scores
    assert scores["test_f1_macro"] == expected.f1_macro
    assert scores["test_f1_per_class"] == expected.f1_per_class.tolist()
    assert unpack(scores[ANSWERS]["labels"]).tolist() == arrays.labels.tolist()
    assert unpack(scores[ANSWERS]["predictions"]).tolist() == expected.predictions.tolist()
    metrics = metrics_of_attributes(scores, {"parameters": 7, "macs": 9})
    assert (metrics.split, metrics.f1_macro, metrics.parameters) == ("test", expected.f1_macro, 7)
    assert np.array(metrics.confusion).sum() == 10


def test_a_trial_that_has_its_scores_opens_nothing(network: Network) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("the test split was opened again")

    known = {READ_AT: "2026-11-01T12:00:00+00:00", "test_f1_macro": 0.5}
    assert score_once(network, never, CPU, 4, known, never) is known


def test_the_calibration_is_measured_before_and_after_a_temperature(network: Network, arrays: Arrays) -> None:
    scores = score_once(network, lambda: arrays, CPU, 4, {}, lambda _: None, temperature=2.0)
    assert CALIBRATION not in score_once(network, lambda: arrays, CPU, 4, {}, lambda _: None)
    logits = evaluate(network, arrays, CPU, 4).logits
    found = json.loads(json.dumps(scores[CALIBRATION]))
    assert found["before"]["error"] == calibration(softmax(logits), arrays.labels).error
    assert found["after"]["error"] == calibration(softmax(logits / 2), arrays.labels).error
    assert temperature_in(scores) == 2
    assert temperature_in({}) is None


def test_unknown_test_images_are_scored_beside_and_never_among_the_others(network: Network, arrays: Arrays) -> None:
    images = np.random.default_rng(1).integers(0, 255, (4, 16, 16, 3), dtype=np.uint8)
    unknown = Arrays(images, np.full(4, NO_CLASS))
    without = score_once(network, lambda: arrays, CPU, 4, {}, lambda _: None, temperature=2.0)
    scores = score_once(network, lambda: arrays, CPU, 4, {}, lambda _: None, None, 2.0, lambda: unknown, 0.35)
    later = {READ_AT: scores[READ_AT]}
    assert {name: value for name, value in scores.items() if name != TEST_UNKNOWN} == {**without, **later}
    labelled = Arrays(images, np.zeros(4, dtype=np.int64))
    both = [softmax(evaluate(network, each, CPU, 4).logits, 2.0) for each in (arrays, labelled)]
    expected = separation(both[0], both[1], 0.35)
    assert Separation(**json.loads(json.dumps(scores[TEST_UNKNOWN]))) == expected
    assert metrics_of_attributes(scores, {"parameters": 7, "macs": 9}).unknown == expected
    assert metrics_of_attributes(without, {"parameters": 7, "macs": 9}).unknown is None
