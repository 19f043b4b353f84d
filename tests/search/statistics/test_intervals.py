from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import f1_score

from search.statistics.confusion import Integers
from search.statistics.intervals import drawn_f1, drawn_f1_of, over_images, over_seeds


def test_the_t_interval_of_three_seeds() -> None:
    interval = over_seeds([0.80, 0.84, 0.88])
    # s = 0.04, n = 3; the 97.5 % point of Student's t with 2 degrees of freedom is 4.30265.
    half = 4.30265 * 0.04 / math.sqrt(3)
    assert interval.mean == pytest.approx(0.84)
    assert (interval.low, interval.high) == pytest.approx((0.84 - half, 0.84 + half), abs=1e-6)
    assert interval.half_width == pytest.approx(half, abs=1e-6)
    assert interval.n == 3


def test_one_seed_has_a_mean_and_no_interval() -> None:
    interval = over_seeds([0.9])
    assert interval.mean == 0.9
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_the_t_interval_covers_the_truth_19_times_of_20() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        interval = over_seeds(generator.normal(0.8, 0.02, size=5).tolist())
        covered += interval.low <= 0.8 <= interval.high
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)  # three standard errors of a share of 2,000


def naive_draws(labels: Integers, predictions: Integers, draws: int, seed: int) -> npt.NDArray[np.float64]:
    """scikit-learn's macro F1 on the images of each draw, one after the other."""
    generator = np.random.default_rng(seed)
    counts = np.zeros((draws, len(labels)), dtype=int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        counts[:, members] = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=draws)
    scores = []
    for of_draw in counts:
        drawn = np.repeat(np.arange(len(labels)), of_draw)
        scores.append([f1_score(labels[drawn], row[drawn], average="macro", zero_division=0) for row in predictions])
    return np.array(scores)


def test_drawn_scores_are_scikit_learns() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 3, 40)
    predictions = np.where(generator.random((2, 40)) < 0.7, labels, generator.integers(0, 4, (2, 40)))  # 3: never true
    ours = drawn_f1(labels, predictions, draws=50, seed=2)
    assert ours.shape == (50, 2)
    np.testing.assert_allclose(ours, naive_draws(labels, predictions, 50, 2), atol=1e-6)


def test_draws_keep_the_classes_counts_and_are_the_same_for_all_networks() -> None:
    labels = np.array([0] * 30 + [1] * 2)
    perfect = np.stack([labels, labels])
    assert (drawn_f1(labels, perfect, draws=500) == 1).all(), "the rare class is in every draw"
    scores = drawn_f1(labels, np.stack([1 - labels, labels, labels]), draws=20)
    np.testing.assert_array_equal(scores[:, 1], scores[:, 2])


def test_many_draws_in_parts_are_all_there() -> None:
    labels = np.array([0, 1] * 10)
    assert drawn_f1(labels, labels[None], draws=450).shape == (450, 1)


def test_the_percentile_interval() -> None:
    interval = over_images(0.5, np.arange(1001) / 1000)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((0.5, 0.025, 0.975))


def simulated(generator: np.random.Generator, labels: Integers, right: float) -> Integers:
    """Answers that are right with this probability, and else one of the other two classes."""
    wrong = (labels + generator.integers(1, 3, len(labels))) % 3
    return np.where(generator.random(len(labels)) < right, labels, wrong)


def test_bootstrap_intervals_of_a_score_and_of_a_paired_difference_cover_the_truth() -> None:
    # Equal classes and mistakes that are spread evenly: each class's precision is its recall, so macro F1 is `right`.
    labels = np.repeat(np.arange(3), 70)
    generator = np.random.default_rng(0)
    score = difference = 0
    for repeat in range(150):
        predictions = np.stack([simulated(generator, labels, right) for right in (0.8, 0.7)])
        drawn = drawn_f1(labels, predictions, draws=200, seed=repeat)
        of_score = over_images(0.0, drawn[:, 0])
        of_difference = over_images(0.0, drawn[:, 0] - drawn[:, 1])
        score += of_score.low <= 0.8 <= of_score.high
        difference += of_difference.low <= 0.1 <= of_difference.high
    assert 0.88 <= score / 150 <= 1.0  # 0.95 less four standard errors of a share of 150
    assert 0.88 <= difference / 150 <= 1.0


def test_a_confusion_matrix_is_as_good_as_its_images() -> None:
    confusion = np.array([[30, 10, 0], [5, 50, 5], [0, 2, 8]])
    true, said = (np.repeat(places.ravel(), confusion.ravel()) for places in np.indices(confusion.shape))
    of_images, of_matrix = drawn_f1(true, said[None], draws=8000)[:, 0], drawn_f1_of(confusion, draws=8000)
    assert of_matrix.mean() == pytest.approx(of_images.mean(), abs=0.003)
    assert np.quantile(of_matrix, [0.025, 0.975]) == pytest.approx(np.quantile(of_images, [0.025, 0.975]), abs=0.01)
    assert (drawn_f1_of(np.diag([3, 0, 4])) == 1).all(), "a class that is nowhere does not count"
