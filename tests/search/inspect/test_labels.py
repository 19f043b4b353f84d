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


def sure(labels: Integers, rows: Integers) -> Floats:
    """Answers that are right about the images of `clear`, whatever their labels are."""
    answers = np.full((len(rows), 3), 0.01)
    answers[np.arange(len(rows)), rows // 40] = 0.98
    return answers


def test_a_trained_network_that_knows_more_decides(clear: tuple[Matrix, Integers]) -> None:
    """It is asked only for the images of which something can be said."""
    _, labels = clear
    noise = np.random.default_rng(1).normal(0, 1, (120, 3)).astype(np.float32)
    wrong = labels.copy()
    wrong[[0, 7, 50]] = [3, 2, 0]
    asked: list[Integers] = []

    def trained(compact: Integers, groups: Integers, rows: Integers) -> Floats:
        asked.append(rows)
        return sure(compact, rows)

    found = doubts(Features.of(noise), wrong, [str(row) for row in range(120)], trained)
    assert asked[0].tolist() == list(range(1, 120))
    assert set(found.ranked.tolist()) == {7, 50}
    assert found.probabilities[[7, 50]].argmax(axis=1).tolist() == [0, 1]
    assert np.isnan(found.probabilities[0]).all()


def test_a_trained_network_that_knows_nothing_changes_nothing(clear: tuple[Matrix, Integers]) -> None:
    features, labels = clear
    wrong = labels.copy()
    wrong[[5, 50]] = [2, 0]
    names = [str(row) for row in range(120)]

    def trained(compact: Integers, groups: Integers, rows: Integers) -> Floats:
        return np.random.default_rng(0).dirichlet((1, 1, 1), len(rows))

    alone = doubts(Features.of(features), wrong, names)
    found = doubts(Features.of(features), wrong, names, trained)
    assert found.ranked.tolist() == alone.ranked.tolist()
    assert np.allclose(found.probabilities, alone.probabilities, atol=0.05)
