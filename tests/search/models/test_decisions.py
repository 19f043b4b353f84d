from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.errors import BadInput
from search.models.classifier import Probabilities
from search.models.decisions import chosen_decision, in_words
from search.models.description import Decision

CLASSES = ("glass", "paper")


def two_classes(*of_glass: float) -> Probabilities:
    glass = np.array(of_glass, dtype=np.float32)
    return np.stack([glass, 1 - glass], axis=1)


def refused(probabilities: Probabilities, labels: list[int], classes: tuple[str, ...] = CLASSES, **asked: Any) -> str:
    with pytest.raises(BadInput) as caught:
        chosen_decision(probabilities, np.array(labels), classes, **asked)
    return str(caught.value)


def test_thresholds_of_both_kinds() -> None:
    probabilities = two_classes(*[0.9] * 60, *[0.6] * 20, *[0.1] * 60)
    labels = np.array([0] * 60 + [1] * 20 + [1] * 60)
    by_class = chosen_decision(probabilities, labels, CLASSES, precision=0.95)
    assert by_class.thresholds[0] == pytest.approx((0.9 + 0.6) / 2)
    assert by_class.thresholds[1] == pytest.approx(0.9, abs=1e-5)
    assert (by_class.images, by_class.decided, by_class.wrong) == (140, 120, 0)
    one = chosen_decision(probabilities, labels, CLASSES, reject=0.15)
    assert one.thresholds == pytest.approx([(0.9 + 0.6) / 2] * 2)
    assert (one.decided, one.wrong, one.reject) == (120, 0, 0.15)
    both = chosen_decision(probabilities, labels, CLASSES, precision=0.5, reject=0.15)
    assert both.thresholds == (one.thresholds[0], by_class.thresholds[1]), "the higher one of each class counts"


def test_every_class_without_a_threshold_is_named_at_once() -> None:
    probabilities = two_classes(*[0.9] * 12, *[0.1] * 12)
    said = refused(probabilities, [0] * 12 + [1] * 12, precision=0.95, reject=0.01)
    for name in CLASSES:
        assert f"no threshold of '{name}' reaches precision 0.95 with 95% confidence: best 0.78 with 12 images" in said
    assert "--reject 0.01: of 24 validation images that is less than one" in said
    assert "no validation image is predicted as it" in refused(two_classes(0.9), [0], precision=0.01)
    assert "a class is called 'unsure'" in refused(two_classes(*[0.9] * 9), [0] * 9, ("unsure", "b"), reject=0.5)


@pytest.mark.parametrize(
    ("decided", "wrong", "said"),
    [
        (186, 9, "Of 100 images it decides 93, of which 1 in 21 is wrong (by 200 validation images)."),
        (100, 0, "Of 100 images it decides 50, none of the 100 that it decided on validation was wrong"),
        (0, 0, "It decides no image of validation."),
    ],
)
def test_the_card_says_it_in_words(decided: int, wrong: int, said: str) -> None:
    decision = Decision(thresholds=(0.5,), precision=0.95, reject=None, images=200, decided=decided, wrong=wrong)
    assert in_words(decision).startswith(said)


def test_unknown_images_are_counted_and_change_no_threshold() -> None:
    probabilities = two_classes(*[0.9] * 60, *[0.6] * 20, *[0.1] * 60)
    labels, unknown = np.array([0] * 60 + [1] * 80), two_classes(0.55, 0.6, 0.3, 0.95)
    without = chosen_decision(probabilities, labels, CLASSES, reject=0.15)
    decision = chosen_decision(probabilities, labels, CLASSES, reject=0.15, unknown=unknown)
    assert (decision.unknown, decision.turned_away) == (4, 3)
    assert decision.model_copy(update={"unknown": 0, "turned_away": 0}) == without
    said = in_words(decision)
    assert said.endswith("Of the 4 unknown validation images, which are of no class, it turns away 3 (75%).")
    assert "unknown" not in in_words(without)
