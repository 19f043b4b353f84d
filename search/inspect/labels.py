"""Probable label errors: images whose label a classifier doubts that was not fitted to them.

Two logistic regressions on the features of a pretrained network vote, one linear and one with an approximated Gaussian
kernel: on one data set the first finds more wrong labels, on another the second. Confident learning (Northcutt, Jiang &
Chuang, JAIR 2021; the library cleanlab) decides from their out-of-fold probabilities which labels are probably wrong.
Both are then fitted three more times, each time in other folds and without the more doubtful half of the images that
were listed so far, which would mislead them. The answers are the means of these three, and of a network that was
trained out of fold (`search.inspect.training`), if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from scipy.special import softmax
from scipy.stats import gmean
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from search.inspect.features import Features
from search.inspect.folds import folds
from search.statistics.confusion import Floats, Integers

FOLDS = 10
LINEAR, KERNEL = 0.01, 15.0
"""Inverse penalties (C of scikit-learn) of the two regressions."""
LANDMARKS = 600
WEIGHTS = np.linspace(0, 1, 21)
"""Weights of a trained network that are tried."""
PASSES = 4
"""The first pass believes all labels; its answers only say which labels the others do not learn from."""


Trained = Callable[[Integers, Integers, Integers], Floats]
"""Labels (n,), groups (n,) and row numbers (n,) of images -> their out-of-fold probabilities (n, classes)."""


@dataclass(frozen=True)
class LabelDoubts:
    """Probabilities by a classifier that had not seen the image.

    probabilities  (N, classes); NaN where the class has images of one group only, so that nothing can be said
    ranked         row numbers of the probable label errors, the most probable first
    """

    probabilities: Floats
    ranked: Integers


def doubts(features: Features, labels: Integers, groups: Sequence[str], trained: Trained | None = None) -> LabelDoubts:
    """Which of `labels`, (N,), are probably wrong.

    Images of one of `groups`, (N,), such as near copies, are always in one fold. The answers of `trained` get the
    weight with which the mean fits the labels best: on some data a trained network knows more than the regressions, on
    other data less.
    """
    probabilities = np.full((len(labels), int(labels.max()) + 1), np.nan)
    names = np.unique(np.asarray(groups), return_inverse=True)[1]
    known = np.flatnonzero(np.isin(labels, _with_several_groups(labels, names)))
    classes, compact = np.unique(labels[known], return_inverse=True)
    if len(classes) < 2:
        return LabelDoubts(probabilities, np.empty(0, dtype=np.int64))
    seen = Features(features.standardised[known], features.components[known])
    believed = np.ones(len(known), dtype=bool)
    votes = [_out_of_fold(seen, compact, names[known], believed, seed=0)]
    for seed in range(1, PASSES):
        suspects = _ranked(compact, _geometric_mean(votes))
        believed[:] = True
        believed[suspects[: len(suspects) // 2]] = False
        votes.append(_out_of_fold(seen, compact, names[known], believed, seed))
    scores = _geometric_mean(votes[1:])
    if trained is not None:
        scores = _pooled(scores, trained(compact, names[known], known), compact)
    probabilities[known] = 0.0
    probabilities[np.ix_(known, classes)] = scores
    return LabelDoubts(probabilities, known[_ranked(compact, scores)])


def _ranked(labels: Integers, probabilities: Floats) -> Integers:
    """Row numbers of the probable label errors, the most probable first."""
    found = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    return np.asarray(found, dtype=np.int64)


def _with_several_groups(labels: Integers, groups: Integers) -> list[int]:
    return [label for label in np.unique(labels) if len(np.unique(groups[labels == label])) > 1]


def _geometric_mean(votes: Sequence[Floats], weights: Sequence[float] | None = None) -> Floats:
    """Of probabilities (N, classes), scaled to a sum of 1; with equal weights, if none are given."""
    seen = np.maximum(votes, np.finfo(float).tiny)
    shared = None if weights is None else np.broadcast_to(np.reshape(weights, (-1, 1, 1)), seen.shape)
    mean: Floats = gmean(seen, axis=0, weights=shared)
    mean /= mean.sum(axis=1, keepdims=True)
    return mean


def _pooled(votes: Floats, others: Floats, labels: Integers) -> Floats:
    """The weighted geometric mean of two (N, classes) probabilities that makes `labels` most probable."""

    means = (_geometric_mean([votes, others], [1 - weight, weight]) for weight in WEIGHTS)
    return min(means, key=lambda mean: log_loss(labels, mean))


def _out_of_fold(
    seen: Features, labels: Integers, groups: Integers, believed: npt.NDArray[np.bool_], seed: int
) -> Floats:
    """(N, classes) probabilities: the geometric mean of both regressions, scaled to a sum of 1.

    Both are fitted to the images that are `believed`, (N,), and to all where these have no image of some class.
    """
    logarithms = np.full((len(labels), int(labels.max()) + 1), -np.inf)
    with threadpool_limits(1):
        for others, held_out in folds(labels, groups, FOLDS, seed):
            classes = np.unique(labels[others])
            train = others[believed[others]]
            if len(np.unique(labels[train])) < len(classes):
                train = others
            landmarks = min(LANDMARKS, len(train))
            kernel = Nystroem(gamma=1 / seen.components.shape[1], n_components=landmarks, random_state=0)
            regressions = (
                (LogisticRegression(C=LINEAR, max_iter=200), seen.standardised),
                (make_pipeline(kernel, LogisticRegression(C=KERNEL, max_iter=300)), seen.components),
            )
            logarithms[np.ix_(held_out, classes)] = 0.0
            if len(classes) == 1:  # the other classes are in this fold alone
                continue
            for model, inputs in regressions:
                votes = model.fit(inputs[train], labels[train]).predict_log_proba(inputs[held_out])
                logarithms[np.ix_(held_out, classes)] += votes / len(regressions)
    probabilities: Floats = softmax(logarithms, axis=1)
    return probabilities
