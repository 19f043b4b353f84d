"""Probable label errors: images whose label a classifier doubts that was not fitted to them.

The classifier is a support vector machine on the features of a pretrained network. Confident learning (Northcutt, Jiang
& Chuang, JAIR 2021; the library cleanlab) decides from its out-of-fold probabilities which labels are probably wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from search.inspect.features import Features
from search.statistics.confusion import Floats, Integers

FOLDS = 5
PENALTY = 3.0
MOST_EXACT = 12_000
"""The time of a support vector machine grows with the square of the images; above this, its kernel is approximated."""
LARGEST_SCALE = 100.0


@dataclass(frozen=True)
class LabelDoubts:
    """Probabilities by a classifier that had not seen the image.

    probabilities  (N, classes); NaN where the class has images of one group only, so that nothing can be said
    ranked         row numbers of the probable label errors, the most probable first
    """

    probabilities: Floats
    ranked: Integers


def doubts(features: Features, labels: Integers, groups: Sequence[str]) -> LabelDoubts:
    """Which of `labels`, (N,), are probably wrong. `features` are (N, C).

    Images of one of `groups`, (N,), such as near copies, are always in one fold.
    """
    probabilities = np.full((len(labels), int(labels.max()) + 1), np.nan)
    names = np.unique(np.asarray(groups), return_inverse=True)[1]
    known = np.flatnonzero(np.isin(labels, _with_several_groups(labels, names)))
    classes, compact = np.unique(labels[known], return_inverse=True)
    if len(classes) < 2:
        return LabelDoubts(probabilities, np.empty(0, dtype=np.int64))
    scores = _out_of_fold(features[known], compact, names[known])
    probabilities[known] = 0.0
    probabilities[np.ix_(known, classes)] = scores
    ranked = find_label_issues(compact, scores, return_indices_ranked_by="self_confidence", n_jobs=1)
    return LabelDoubts(probabilities, known[np.asarray(ranked, dtype=np.int64)])


def _with_several_groups(labels: Integers, groups: Integers) -> list[int]:
    return [label for label in np.unique(labels) if len(np.unique(groups[labels == label])) > 1]


def _out_of_fold(features: Features, labels: Integers, groups: Integers) -> Floats:
    """(N, classes) probabilities; the scale of the scores is the one of the lowest cross-entropy."""
    fewest = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    folds = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=0)
    count = int(labels.max()) + 1
    outputs = np.zeros((len(labels), count))
    with threadpool_limits(1):
        for train, held_out in folds.split(features, labels, groups):
            scores = _scores(features[train], labels[train], features[held_out])
            lowest = scores.min() if scores.size else 0.0
            outputs[held_out] = lowest
            outputs[np.ix_(held_out, np.unique(labels[train]))] = scores
    rows = np.arange(len(labels))

    def cross_entropy(log_scale: float) -> float:
        return float(-log_softmax(np.exp(log_scale) * outputs, axis=1)[rows, labels].mean())

    best = minimize_scalar(cross_entropy, bounds=(0.0, np.log(LARGEST_SCALE)), method="bounded")
    probabilities: npt.NDArray[np.float64] = softmax(np.exp(best.x) * outputs, axis=1)
    return probabilities


def _scores(features: Features, labels: Integers, held_out: Features) -> Floats:
    """(M, classes of `labels`) scores of the images that were held out."""
    classes = np.unique(labels)
    if len(classes) == 1:
        return np.zeros((len(held_out), 1))
    if len(features) <= MOST_EXACT:
        model = SVC(C=PENALTY, random_state=0)
    else:
        kernel = Nystroem(gamma=1 / features.shape[1], n_components=1000, random_state=0)
        model = make_pipeline(kernel, RidgeClassifier(alpha=1.0))
    scores = model.fit(features, labels).decision_function(held_out)
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else np.asarray(scores)
