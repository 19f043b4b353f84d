"""What a pretrained network sees in each image: pooled features of three depths, from one forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from blocks.anatomy import Cut, anatomy
from blocks.multi_exit import build_multi_exit
from blocks.specification import EliminatedSpecification
from search.data.arrays import Arrays
from search.training.probe import pooled_features
from search.training.weights import load_weights

IMAGE_SIZE = 192
"""px. At 128 px two hundredths fewer of the planted label errors were found; see docs/results/inspect.md."""
DEPTHS = 3
COMPONENTS = 128

Features = npt.NDArray[np.float32]


def features_of(splits: Sequence[Arrays], backbone: str, weights_dir: Path | None, device: torch.device) -> Features:
    """Float32 (N, at most `COMPONENTS`) features of the images of all splits, one after the other, of variance 1.

    They are the principal components of the standardised features after the last block of the middle stages and of the
    deepest one. Raises FileNotFoundError for a backbone without weights.
    """
    known = anatomy(backbone, IMAGE_SIZE)
    exits = [
        EliminatedSpecification(
            backbone=backbone, cut=cut.module, image_size=IMAGE_SIZE, classes=2, mean=known.mean, std=known.std
        )
        for cut in _depths(known.cuts)
    ]
    network = build_multi_exit(exits, load_weights(backbone, weights_dir)).eval().to(device)
    parts = [np.concatenate(pooled_features(network, arrays, device), axis=1) for arrays in splits if len(arrays)]
    return reduced(np.concatenate(parts))


def reduced(features: Features) -> Features:
    """(N, C) -> (N, at most `COMPONENTS`), with a total variance of 1 per component."""
    standard = StandardScaler().fit_transform(features)
    components = PCA(min(COMPONENTS, *standard.shape), random_state=0).fit_transform(standard)
    spread = float(np.sqrt(components.var())) or 1.0
    return np.asarray(components / spread, dtype=np.float32)


def _depths(cuts: Sequence[Cut]) -> list[Cut]:
    """The last cut of `DEPTHS` stages that are evenly spaced, the deepest stage among them."""
    last_of = {cut.stage: cut for cut in cuts if cut.module}
    stages = sorted(last_of)
    chosen = sorted({stages[(len(stages) - 1) * number // DEPTHS] for number in range(1, DEPTHS + 1)})
    return [last_of[stage] for stage in chosen]
