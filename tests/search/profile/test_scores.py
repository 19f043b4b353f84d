from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.preprocessing import StandardScaler

from search.profile.features import Pooled
from search.profile.scores import logme, probe_f1_macro
from search.statistics.confusion import Integers, f1_macro

CLASSES = 3


def blobs(separation: float, images: int = 150, channels: int = 8) -> tuple[Pooled, Integers]:
    """Normal features; the class moves each class's own channel by `separation` standard deviations."""
    random = np.random.default_rng(0)
    labels = np.arange(images) % CLASSES
    features = random.normal(size=(images, channels)) + separation * np.eye(channels)[labels]
    return features.astype(np.float32), labels


def halves(features: Pooled, labels: Integers) -> tuple[Pooled, Integers, Pooled, Integers]:
    middle = len(labels) // 2
    return features[:middle], labels[:middle], features[middle:], labels[middle:]


def test_a_probe_beats_chance_on_what_can_be_told_apart_and_only_there() -> None:
    assert probe_f1_macro(*halves(*blobs(separation=8))) == 1
    assert 0.7 < probe_f1_macro(*halves(*blobs(separation=3))) < 1
    assert probe_f1_macro(*halves(*blobs(separation=0))) < 0.5


@pytest.mark.parametrize("separation", [1.0, 2.0, 3.0])
def test_a_probe_is_as_good_as_the_best_of_many_classifiers_that_were_trained(separation: float) -> None:
    train, labels, validation, truth = halves(*blobs(separation, images=600))
    scaler = StandardScaler().fit(train)
    rivals = [
        *(RidgeClassifier(alpha=10.0**exponent, class_weight="balanced") for exponent in range(-2, 4)),
        *(LogisticRegression(C=10.0**exponent) for exponent in range(-3, 3)),
    ]
    scores = [
        f1_macro(truth, rival.fit(scaler.transform(train), labels).predict(scaler.transform(validation)))
        for rival in rivals
    ]
    assert probe_f1_macro(train, labels, validation, truth) == pytest.approx(max(scores), abs=0.03)


def test_the_scale_and_offset_of_a_feature_do_not_matter_to_a_probe() -> None:
    features, labels = blobs(separation=2)
    scaled = (features * np.logspace(-3, 3, features.shape[1]) + 5).astype(np.float32)
    assert probe_f1_macro(*halves(scaled, labels)) == probe_f1_macro(*halves(features, labels))


def test_a_rare_class_weighs_as_much_as_a_frequent_one() -> None:
    features, labels = blobs(separation=2, images=1200)
    kept = (labels != 0) | (np.arange(len(labels)) % 8 == 0)
    train, few, validation, truth = halves(features[kept], labels[kept])
    unweighted = RidgeClassifier().fit(train, few).predict(validation)
    assert probe_f1_macro(train, few, validation, truth) > f1_macro(truth, unweighted) + 0.01


def test_a_dead_channel_is_no_obstacle() -> None:
    features, labels = blobs(separation=8)
    features[:, -1] = 0
    assert probe_f1_macro(*halves(features, labels)) == 1
    assert np.isfinite(logme(features, labels))
    assert np.isfinite(logme(np.zeros_like(features), labels))


def evidence(features: npt.NDArray[np.float64], target: npt.NDArray[np.float64], alpha: float, beta: float) -> float:
    """log N(target; 0, 1/beta + features features' / alpha), written out."""
    covariance = np.eye(len(target)) / beta + features @ features.T / alpha
    _, log_determinant = np.linalg.slogdet(2 * np.pi * covariance)
    return float(-log_determinant - target @ np.linalg.solve(covariance, target)) / 2


@pytest.mark.parametrize(("images", "channels"), [(30, 5), (30, 8), (12, 20)])
def test_logme_is_the_largest_evidence(images: int, channels: int) -> None:
    features, labels = blobs(1.0, images, channels)
    exact = features.astype(np.float64)
    largest = [
        -minimize(
            lambda logs, target=target: -evidence(exact, target, *np.exp(logs)), x0=[0.0, 0.0], method="Nelder-Mead"
        ).fun
        for target in (np.eye(CLASSES)[labels]).T
    ]
    assert logme(features, labels) == pytest.approx(np.mean(largest) / images, abs=1e-4)


def test_logme_prefers_features_that_tell_classes_apart() -> None:
    scores = [logme(*blobs(separation)) for separation in (0, 1, 3, 8)]
    assert scores == sorted(scores)
    assert len(set(scores)) == 4
