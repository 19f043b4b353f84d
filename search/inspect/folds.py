"""Folds of images: each part is answered for by a classifier that was fitted to the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from search.statistics.confusion import Integers


def folds(labels: Integers, groups: Integers, most: int, seed: int) -> Iterator[tuple[Integers, Integers]]:
    """Indices of the other images and of those that are held out, for each of at most `most` parts.

    labels, groups  (n,); images of one group are in one part, and each class is in every part as far as groups allow.
                    There are no more parts than groups of the rarest class.
    """
    fewest = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    parts = StratifiedGroupKFold(min(most, fewest), shuffle=True, random_state=seed)
    yield from parts.split(labels, labels, groups)
