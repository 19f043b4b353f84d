"""What a pretrained network sees in each image: pooled features of three depths, from one forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from search.training.device import kept_memory
from search.training.probe import pooled_features
from search.training.weights import load_weights

IMAGE_SIZE = 192
"""px. At 128 px fewer of the planted label errors were found; see docs/results/inspect.md."""
IMAGES_AT_A_TIME = 1024
DEPTHS = 3
COMPONENTS = 256

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """Two views of the same features, each with a row for each image.

    standardised  float32 (N, C), each column with mean 0 and variance 1
    components    float32 (N, at most `COMPONENTS`), the principal components, with a mean variance of 1
    """

    standardised: Matrix
    components: Matrix

    @classmethod
    def of(cls, pooled: Matrix) -> Features:
        """Both views of (N, C) pooled features."""
        standardised = np.asarray(StandardScaler().fit_transform(pooled), dtype=np.float32)
        count = min(COMPONENTS, *standardised.shape)
        components = PCA(count, svd_solver="randomized", random_state=0).fit_transform(standardised)
        spread = float(np.sqrt(components.var())) or 1.0
        return cls(standardised, np.asarray(components / spread, dtype=np.float32))


def features_of(splits: Sequence[Arrays], backbone: str, weights_dir: Path | None, device: torch.device) -> Features:
    """The features of the images of all splits, one after the other.

    They are pooled after the deepest stage and after two earlier ones. Raises FileNotFoundError for a backbone without
    weights.
    """
    known = anatomy(backbone, IMAGE_SIZE)
    exits = [
        EliminatedSpecification(
            backbone=backbone, cut=cut.module, image_size=IMAGE_SIZE, classes=2, mean=known.mean, std=known.std
        )
        for cut in depths(known.cuts)
    ]
    network = build_multi_exit(exits, load_weights(backbone, weights_dir)).eval().to(device)
    blocks = (block for arrays in splits for block in arrays.blocks(IMAGES_AT_A_TIME))
    with kept_memory(device):
        parts = [np.concatenate(pooled_features(network, block, device), axis=1) for block in blocks]
    return Features.of(np.concatenate(parts))


def depths(cuts: Sequence[Cut]) -> list[Cut]:
    """The last cuts of the deepest stage, and of every second stage below it, at most `DEPTHS` in all, deepest last."""
    last_of = {cut.stage: cut for cut in cuts if cut.module}
    return [last_of[stage] for stage in sorted(sorted(last_of)[::-2][:DEPTHS])]
