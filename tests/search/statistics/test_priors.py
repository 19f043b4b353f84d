from __future__ import annotations

import numpy as np
import pytest

from search.statistics.priors import corrected, estimated


def test_the_correction_is_bayes_rule() -> None:
    """Two classes, equally often in training; now the first is nine times as frequent."""
    probabilities = np.array([[0.5, 0.5], [0.2, 0.8]], dtype=np.float32)
    found = corrected(probabilities, np.array([0.5, 0.5]), np.array([0.9, 0.1]))
    expected = [[0.9, 0.1], [0.2 * 0.9 / (0.2 * 0.9 + 0.8 * 0.1), 0.8 * 0.1 / (0.2 * 0.9 + 0.8 * 0.1)]]
    assert found == pytest.approx(np.array(expected))


def test_the_proportions_of_training_change_nothing() -> None:
    probabilities = np.random.default_rng(0).dirichlet([1, 1, 1], 20)
    training = np.array([0.2, 0.3, 0.5])
    assert corrected(probabilities, training, training) == pytest.approx(probabilities)


def test_an_image_of_excluded_classes_gets_the_proportions() -> None:
    found = corrected(np.array([[1.0, 0.0, 0.0]]), np.full(3, 1 / 3), np.array([0.0, 0.25, 0.75]))
    assert found.tolist() == [[0, 0.25, 0.75]]


def test_the_proportions_are_found_again() -> None:
    """Classes are normal with means -1 and 1: the exact posterior of equal proportions is a sigmoid of 2x."""
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.normal(-1, 1, 800), generator.normal(1, 1, 3200)])
    second = 1 / (1 + np.exp(-2 * x))
    found = estimated(np.stack([1 - second, second], axis=1), np.array([0.5, 0.5]))
    assert found == pytest.approx([0.2, 0.8], abs=0.03)
    assert second.mean() < 0.75, "without EM they are not"
