"""Label errors are found on features that tell the classes apart, and nothing is said where nothing can be known."""

from __future__ import annotations

import numpy as np
import pytest

from search.inspect.features import Features, Matrix
from search.inspect.labels import doubts
from search.statistics.confusion import Floats, Integers


@pytest.fixture
def clear() -> tuple[Matrix, Integers]:
    """Three classes of 40 images, far from each other."""
    labels = np.repeat(np.arange(3), 40)
    features = np.eye(3)[labels] + np.random.default_rng(0).normal(0, 0.05, (120, 3))
    return features.astype(np.float32), labels


def test_wrong_labels_are_listed_with_the_probable_class(clear: tuple[Matrix, Integers]) -> None:
    features, labels = clear
    wrong = labels.copy()
    wrong[[5, 50]] = [2, 0]
    found = doubts(Features.of(features), wrong, [str(row) for row in range(120)])
    assert set(found.ranked.tolist()) == {5, 50}
    assert found.probabilities[[5, 50]].argmax(axis=1).tolist() == [0, 1]
    assert np.allclose(found.probabilities.sum(axis=1), 1)


def test_a_copy_of_an_image_does_not_speak_for_it(clear: tuple[Matrix, Integers]) -> None:
    features, labels = clear
    wrong = labels.copy()
    copies = [0, 1, 2, 3, 4, 5]  # six copies of one image, all with the same wrong label
    features[copies] = features[0]
    wrong[copies] = 1
    apart = doubts(Features.of(features), wrong, [str(row) for row in range(120)])
    together = doubts(Features.of(features), wrong, ["scene" if row in copies else str(row) for row in range(120)])
    assert together.probabilities[0, 1] < 0.5 * apart.probabilities[0, 1]
    assert 0 in together.ranked


def test_a_class_of_one_group_is_left_alone(clear: tuple[Matrix, Integers]) -> None:
    features, labels = clear
    rare = labels.copy()
    rare[0] = 3
    found = doubts(Features.of(features), rare, [str(row) for row in range(120)])
    assert np.isnan(found.probabilities[0]).all()
    assert 0 not in found.ranked


def test_one_class_has_no_doubts() -> None:
    found = doubts(Features.of(np.eye(4, 2, dtype=np.float32)), np.array([0, 0, 1, 1]), ["a", "a", "b", "b"])
    assert found.ranked.size == 0


def test_a_trained_network_has_half_of_the_votes(clear: tuple[Matrix, Integers]) -> None:
    """It is asked for the images of which something can be said, and can overrule the features."""
    features, labels = clear
    rare = labels.copy()
    rare[0] = 3
    asked: list[Integers] = []

    def trained(compact: Integers, groups: Integers, rows: Integers) -> Floats:
        asked.append(rows)
        answers = np.full((len(rows), 3), 1e-6)
        answers[np.arange(len(rows)), compact] = 1.0
        answers[rows == 7] = [1e-6, 1e-6, 1.0]
        return answers

    names = [str(row) for row in range(120)]
    assert doubts(Features.of(features), rare, names).probabilities[7].argmax() == 0
    found = doubts(Features.of(features), rare, names, trained)
    assert asked[0].tolist() == list(range(1, 120))
    assert found.probabilities[7].argmax() == 2
    assert np.isnan(found.probabilities[0]).all()
