"""The depth profile of a search space: all cuts of its backbones, scored from one forward pass over the data."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from blocks.anatomy import Anatomy, Cut, anatomy
from blocks.build import build
from blocks.cost import linear_macs, linear_parameters
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.dataset import Dataset
from search.profile.features import pooled_features
from search.profile.scores import logme, probe_f1_macro
from search.settings.spaces import EliminationSpace
from search.spaces.elimination import cuts_in_space
from search.statistics.cut_ranking import ProfiledCut, ranked
from search.system.device import release_memory
from search.training.weights import load_weights

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DepthProfile:
    """Cuts in the order of their ranking, and the seconds that the profile took."""

    cuts: tuple[ProfiledCut, ...]
    seconds: float


def profile_space(
    space: EliminationSpace,
    dataset: Dataset,
    device: torch.device,
    weights_dir: Path | None,
    interrupted: Callable[[], bool] | None = None,
) -> DepthProfile:
    """Score the cuts of all backbones of the space at its first image size, with their pretrained weights.

    Raises FileNotFoundError for a backbone without weights, and Interrupted as soon as `interrupted` returns True.
    """
    started = time.perf_counter()
    cuts: list[ProfiledCut] = []
    for backbone in dict.fromkeys(space.backbones):
        known = anatomy(backbone, space.image_sizes[0])
        log.info("depth profile: one forward pass of the images at %s px through %s", known.image_size, backbone)
        wanted = cuts_in_space(space, known)
        network = _network(known, wanted[-1], len(dataset.classes), weights_dir)
        cuts += _profiled(network, known, wanted, dataset, device, interrupted)
    release_memory(device)  # often another process trains on this device
    return DepthProfile(ranked(cuts), time.perf_counter() - started)


def _network(known: Anatomy, deepest: Cut, classes: int, weights_dir: Path | None) -> Network:
    specification = EliminatedSpecification(
        backbone=known.backbone,
        cut=deepest.module,
        image_size=known.image_size,
        classes=classes,
        mean=known.mean,
        std=known.std,
        head=HeadSpecification(kind="pool_linear" if deepest.module else "original"),
    )
    return build(specification, load_weights(known.backbone, weights_dir))


def _profiled(
    network: Network,
    known: Anatomy,
    cuts: Sequence[Cut],
    dataset: Dataset,
    device: torch.device,
    interrupted: Callable[[], bool] | None,
) -> list[ProfiledCut]:
    (features, labels), (validation_features, validation_labels) = (
        pooled_features(network, cuts, dataset.arrays(split, known.image_size), device, interrupted)
        for split in ("train", "validation")
    )
    profiled = []
    classes = len(dataset.classes)
    ends = np.cumsum([cut.channels for cut in cuts])
    for cut, end in zip(cuts, ends, strict=True):
        channels = slice(end - cut.channels, end)
        profiled.append(
            ProfiledCut(
                backbone=known.backbone,
                module=cut.module,
                stage=cut.stage,
                image_size=known.image_size,
                parameters=cut.parameters + linear_parameters(cut.channels, classes),
                macs=cut.macs + linear_macs(cut.channels, classes),
                f1_macro=probe_f1_macro(
                    features[:, channels], labels, validation_features[:, channels], validation_labels
                ),
                logme=logme(features[:, channels], labels),
            )
        )
    return profiled
