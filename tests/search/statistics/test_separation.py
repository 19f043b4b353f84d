from __future__ import annotations

import numpy as np
import pytest

from search.statistics.separation import Separation, auroc, separation, validation_separation


def two_classes(*top: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([(each, 1 - each) for each in top])


def test_the_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    random = np.random.default_rng(0)
    known, unknown = random.integers(3, 12, 40) / 12, random.integers(0, 9, 30) / 12
    pairs = [1.0 if mine > other else 0.5 if mine == other else 0.0 for mine in known for other in unknown]
    assert auroc(known, unknown) == pytest.approx(np.mean(pairs))
    assert auroc(np.array([0.9, 0.8]), np.array([0.5])) == 1
    assert auroc(np.array([0.5]), np.array([0.9, 0.5])) == 0.25


def test_a_threshold_of_validation_turns_away_one_in_twenty_known_images() -> None:
    known = two_classes(0.6, *[0.8] * 10, *[0.9] * 29)
    found = validation_separation(known, two_classes(0.55, 0.75, 0.84, 0.95))
    assert found.images == 4
    assert found.threshold == pytest.approx((0.8 + 0.6) / 2), "ten equal images would be more than 5%"
    assert (found.turned_away, found.known_turned_away) == (0.25, 1 / 40)
    assert found.auroc == pytest.approx((40 + 39 + 29 + 0) / 160)


def test_a_threshold_from_elsewhere_and_none_at_all() -> None:
    known, unknown = two_classes(0.6, 0.9), two_classes(0.7, 0.8, 0.95, 0.95)
    assert separation(known, unknown, 0.75) == Separation(4, 2 / 8, 0.75, 1 / 4, 1 / 2)
    assert separation(known, unknown, None) == Separation(4, 2 / 8)
    assert validation_separation(known, unknown).threshold is None, "5% of two images is less than one"
