from __future__ import annotations

import numpy as np
import pytest

from search.statistics.calibration import BINS, COLDEST, calibration, fitted_temperature, softmax


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature: float) -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (4000, 5))
    labels = np.array([generator.choice(5, p=row) for row in softmax(logits)])
    found = fitted_temperature(logits * temperature, labels)
    assert found == pytest.approx(temperature, rel=0.08)
    before = calibration(softmax(logits * temperature), labels).error
    assert calibration(softmax(logits * temperature, found), labels).error <= before + 0.005


def test_a_network_without_a_mistake_stays_unsure() -> None:
    labels = np.arange(60) % 3
    logits = np.eye(3)[labels] * 4
    found = fitted_temperature(logits, labels)
    assert found > 2 * COLDEST
    assert softmax(logits, found).max() < 1 - 1 / 100, "as sure as 60 images allow: 61 / 62"


def test_the_error_is_the_distance_in_each_bin() -> None:
    """Four answers with 0.9, three of them right; two with 0.6, both right."""
    top = np.array([0.9] * 4 + [0.6] * 2)
    labels = np.array([0, 0, 0, 1, 0, 0])
    found = calibration(np.stack([top, 1 - top], axis=1), labels)
    assert found.error == pytest.approx((4 * abs(0.9 - 3 / 4) + 2 * abs(0.6 - 1)) / 6)
    assert sum(found.counts) == 6
    assert len(found.counts) == BINS
    place = int(0.9 * BINS)
    assert (found.counts[place], found.confidence[place], found.accuracy[place]) == pytest.approx((4, 0.9, 0.75))


def test_certainty_is_in_the_last_bin() -> None:
    assert calibration(np.array([[1.0, 0.0]]), np.array([0])).counts[-1] == 1
