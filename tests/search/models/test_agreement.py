from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from search.data.arrays import Arrays
from search.models.agreement import Agreement, compare
from search.models.classifier import Classifier

KNOWN: dict[str, Any] = {
    "images": 2_000,
    "difference": 5e-5,
    "same": 2_000,
    "f1_original": 0.75,
    "f1_exported": 0.75,
}


def test_models_agree_in_probabilities_and_in_the_class_of_every_image() -> None:
    assert Agreement(**KNOWN).within(1e-4)
    assert not Agreement(**KNOWN).within(4e-5)
    assert not Agreement(**KNOWN | {"difference": np.nan}).within(1e-4)
    assert not Agreement(**KNOWN | {"same": 1_999}).within(1e-4)


def test_what_is_compared() -> None:
    arrays = Arrays(np.zeros((3, 2, 2, 3), np.uint8), np.array([0, 1, 1]))
    original = np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], np.float32)
    answers = np.array([[0.75, 0.25], [0.375, 0.625], [0.4375, 0.5625]], np.float32)
    found = compare(original, cast(Classifier, SimpleNamespace(probabilities=lambda _: answers)), arrays)
    assert (found.images, found.difference, found.same) == (3, 0.125, 2)
    assert found.f1_original == pytest.approx((2 / 3 + 2 / 3) / 2)  # of class 0: 1 right of 2; of class 1: 1 of 1
    assert found.f1_exported == 1


def test_a_score_on_images_of_the_training_is_said_to_be_one() -> None:
    assert str(Agreement(**KNOWN)).endswith(
        "same class for 2,000 of 2,000, macro F1 0.7500 (original 0.7500), on 2,000 validation images"
    )
    assert str(Agreement(**KNOWN, trained_on=True)).endswith(
        "on 2,000 validation images, which are also training images"
    )
