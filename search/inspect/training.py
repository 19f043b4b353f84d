"""A short training of a cut network on most of the images, which then answers for the others.

A classifier on fixed features cannot learn what tells the fingers of two signs apart; a network that is trained on
these images can. It doubts a wrong label more, and a right label of a hard image less.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from blocks.anatomy import anatomy
from blocks.build import build
from blocks.specification import EliminatedSpecification
from search.data.arrays import Arrays
from search.data.batches import Rows
from search.inspect.features import depths
from search.inspect.folds import folds
from search.settings.recipe import Recipe
from search.statistics.calibration import softmax
from search.statistics.confusion import Floats, Integers
from search.training.evaluation import logits_of
from search.training.loop import train
from search.training.plan import Plan, TrainingData
from search.training.weights import load_weights

IMAGE_SIZE = 64
FOLDS = 3
RECIPE = Recipe(epochs=8)
MOST_TRAINED = 4000
"""Images; more would take minutes: one thread trains some 200 images a second."""


def trained_out_of_fold(
    splits: Sequence[Arrays],
    backbone: str,
    weights_dir: Path | None,
    device: torch.device,
    labels: Integers,
    groups: Integers,
    rows: Integers,
) -> Floats:
    """(n, classes) probabilities for some `rows` of all splits, one after the other, at `IMAGE_SIZE`.

    labels, groups  (n,), of these rows; there are at least two classes, and each is in at least two groups

    Each answer is of a network that was not trained on the image, and on no other one of its group.
    """
    images = np.concatenate([arrays.images for arrays in splits])[rows]
    known = anatomy(backbone, IMAGE_SIZE)
    specification = EliminatedSpecification(
        backbone=backbone,
        cut=depths(known.cuts)[-2:][0].module,
        image_size=IMAGE_SIZE,
        classes=int(labels.max()) + 1,
        mean=known.mean,
        std=known.std,
    )
    probabilities = np.zeros((len(labels), specification.classes))
    for others, held_out in folds(labels, groups, FOLDS, seed=0):
        torch.manual_seed(0)
        network = build(specification, load_weights(backbone, weights_dir))
        data = TrainingData(Arrays(images[others], labels[others]), validation=None)
        trained = train(network, Plan(RECIPE, 0, pretrained=True), data, device).network
        asked = Rows(Arrays(images[held_out], labels[held_out]), device)
        probabilities[held_out] = softmax(logits_of(trained, asked, device, RECIPE.batch_size).numpy())
    return probabilities
