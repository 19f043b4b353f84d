"""Two scores of pooled features for a classification, both without gradient descent."""

from __future__ import annotations

import numpy as np

from search.profile.features import Pooled
from search.statistics.confusion import Floats, Integers, f1_macro
from search.training.probe import fit_ridge

_MOST_ROUNDS = 1000
_SETTLED = 1e-6  # relative change of the ratio of precisions
_ROUNDING = 1e-12  # of the largest eigenvalue
_LEAST = 1e-12  # of what divides


def probe_f1_macro(
    features: Pooled, labels: Integers, validation_features: Pooled, validation_labels: Integers
) -> float:
    """Macro F1 on validation of a linear classifier of features (N, C) and labels (N,), fitted to the training split.

    It is that of `search.training.probe.fit_ridge`: the validation split is only scored.
    """
    probe = fit_ridge(features.astype(np.float64), labels)
    return f1_macro(validation_labels, probe.predict(validation_features.astype(np.float64)))


def logme(features: Pooled, labels: Integers) -> float:
    """Log evidence per image under a Bayesian linear model of features (N, C), labels (N,); higher is better.

    The mean over classes of log p(is it this class? | features) / N, each at the precisions of weights and noise that
    make it largest. It needs no validation split and no penalty.

    Source: You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML 2021.
    """
    exact = features.astype(np.float64)
    variances, directions = np.linalg.eigh(exact.T @ exact)
    kept = variances > _ROUNDING * variances[-1]
    basis = exact @ (directions[:, kept] / np.sqrt(variances[kept]))
    targets = [(labels == label).astype(np.float64) for label in np.unique(labels)]
    return float(np.mean([_log_evidence(variances[kept], basis, target) for target in targets]))


def _log_evidence(variances: Floats, basis: Floats, target: Floats) -> float:
    """The largest log p(target) / N of target = features @ weights + noise.

    Weights are normal of precision alpha, noise of precision beta. MacKay's fixed-point iteration finds both, in the
    features' singular basis (N, R) with squared singular values (R,), where nothing costs more than R additions.
    """
    images = len(target)
    inside = (basis.T @ target) ** 2
    outside = float(target @ target - inside.sum())
    ratio, change = 1.0, np.inf
    for _ in range(_MOST_ROUNDS):
        effective = float((variances / (variances + ratio)).sum())
        weights = float((variances * inside / (variances + ratio) ** 2).sum())
        error = float((inside * (ratio / (variances + ratio)) ** 2).sum()) + max(outside, 0.0)
        alpha, beta = max(effective, _LEAST) / (weights + _LEAST), (images - effective) / (error + _LEAST)
        change, ratio = abs(alpha / beta - ratio) / ratio, alpha / beta
        if change < _SETTLED:
            break
    determinant = np.log(alpha + beta * variances).sum() - len(variances) * np.log(alpha)
    fit = images * np.log(beta / (2 * np.pi)) - beta * error - alpha * weights
    return float(fit - determinant) / (2 * images)
