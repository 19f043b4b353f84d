"""Probable label errors: images whose label a classifier doubts that was not fitted to them.

Two logistic regressions on the features of a pretrained network vote, one linear and one with an approximated Gaussian
kernel: on one data set the first finds more wrong labels, on another the second. Confident learning (Northcutt, Jiang &
Chuang, JAIR 2021; the library cleanlab) decides from their out-of-fold probabilities which labels are probably wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from scipy.special import softmax
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from search.inspect.features import Features, Matrix
from search.statistics.confusion import Floats, Integers

FOLDS = 10
LINEAR, KERNEL = 0.01, 15.0
"""Inverse penalties (C of scikit-learn) of the two regressions."""
LANDMARKS = 600


@dataclass(frozen=True)
class LabelDoubts:
    """Probabilities by a classifier that had not seen the image.

    probabilities  (N, classes); NaN where the class has images of one group only, so that nothing can be said
    ranked         row numbers of the probable label errors, the most probable first
    """

    probabilities: Floats
    ranked: Integers


def doubts(features: Features, labels: Integers, groups: Sequence[str]) -> LabelDoubts:
    """Which of `labels`, (N,), are probably wrong.

    Images of one of `groups`, (N,), such as near copies, are always in one fold.
    """
    probabilities = np.full((len(labels), int(labels.max()) + 1), np.nan)
    names = np.unique(np.asarray(groups), return_inverse=True)[1]
    known = np.flatnonzero(np.isin(labels, _with_several_groups(labels, names)))
    classes, compact = np.unique(labels[known], return_inverse=True)
    if len(classes) < 2:
        return LabelDoubts(probabilities, np.empty(0, dtype=np.int64))
    scores = _out_of_fold(features.standardised[known], features.components[known], compact, names[known])
    probabilities[known] = 0.0
    probabilities[np.ix_(known, classes)] = scores
    ranked = find_label_issues(compact, scores, return_indices_ranked_by="self_confidence", n_jobs=1)
    return LabelDoubts(probabilities, known[np.asarray(ranked, dtype=np.int64)])


def _with_several_groups(labels: Integers, groups: Integers) -> list[int]:
    return [label for label in np.unique(labels) if len(np.unique(groups[labels == label])) > 1]


def _out_of_fold(features: Matrix, components: Matrix, labels: Integers, groups: Integers) -> Floats:
    """(N, classes) probabilities: the geometric mean of both regressions, scaled to a sum of 1."""
    fewest = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    folds = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=0)
    logarithms = np.full((len(labels), int(labels.max()) + 1), -np.inf)
    with threadpool_limits(1):
        for train, held_out in folds.split(features, labels, groups):
            landmarks = min(LANDMARKS, len(train))
            kernel = Nystroem(gamma=1 / components.shape[1], n_components=landmarks, random_state=0)
            regressions = (
                (LogisticRegression(C=LINEAR, max_iter=200), features),
                (make_pipeline(kernel, LogisticRegression(C=KERNEL, max_iter=300)), components),
            )
            classes = np.unique(labels[train])
            logarithms[np.ix_(held_out, classes)] = 0.0
            if len(classes) == 1:  # the other classes are in this fold alone
                continue
            for model, inputs in regressions:
                votes = model.fit(inputs[train], labels[train]).predict_log_proba(inputs[held_out])
                logarithms[np.ix_(held_out, classes)] += votes / len(regressions)
    probabilities: Floats = softmax(logarithms, axis=1)
    return probabilities
