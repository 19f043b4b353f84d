"""Outliers: images that are far from all others of their class, as a pretrained network sees them."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from search.inspect.features import Matrix
from search.statistics.confusion import Floats, Integers

NEIGHBOURS = 5
LEAST = 1.5
"""An outlier is at least so many times as far from its neighbours as the median image of its class."""


def farness(features: Matrix, labels: Integers) -> Floats:
    """(N,) mean distance to the nearest images of the same class, as a multiple of the class's median.

    NaN in classes of fewer than three images. Distances are computed in blocks, never all at once.
    """
    found = np.full(len(labels), np.nan)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 3:
            continue
        neighbours = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(members) - 1), algorithm="brute")
        distances, _ = neighbours.fit(features[members]).kneighbors()  # of each image to others, not to itself
        mean = distances.mean(axis=1)
        found[members] = mean / max(float(np.median(mean)), 1e-9)
    return found


def outliers(distances: Floats) -> Integers:
    """Row numbers of the outliers, the farthest first."""
    known = np.flatnonzero(np.nan_to_num(distances) >= LEAST)
    return known[np.argsort(-distances[known], kind="stable")]
