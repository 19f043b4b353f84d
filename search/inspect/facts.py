"""Facts about the images: how many there are of each class, how large and how bright they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.stats import binomtest

from search.data.arrays import Arrays
from search.data.examples import Example
from search.statistics.confusion import Floats

HOPED = 0.9
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True)
class Spread:
    """The 5% quantile, the median and the 95% quantile of a number over images."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Floats) -> Spread:
        return cls(*map(float, np.quantile(values, [0.05, 0.5, 0.95])))


@dataclass(frozen=True)
class ImageFacts:
    """Spreads over images.

    width, height  pixels of the stored images, or of their boxes
    aspect_ratio   width / height
    brightness     mean luma of the decoded image, 0 (black) to 1 (white)
    """

    width: Spread
    height: Spread
    aspect_ratio: Spread
    brightness: Spread


def image_facts(examples: Sequence[Example], splits: Sequence[Arrays]) -> ImageFacts:
    """The facts about all images of some splits."""
    sizes = np.array([_size(example) for example in examples], dtype=np.float64)
    bright = np.concatenate([_brightness(arrays) for arrays in splits if len(arrays)])
    width, height = sizes.T
    return ImageFacts(Spread.of(width), Spread.of(height), Spread.of(width / height), Spread.of(bright))


def smallest_class(train: dict[str, int], validation: dict[str, int]) -> str:
    """What the smallest class has, and how exactly its share of right answers can be known."""
    name = min(train, key=lambda each: (train[each], each))
    count = validation.get(name, 0)
    right = round(HOPED * count)
    said = f"The smallest class is {name!r}, with {train[name]:,} training and {count:,} validation images."
    if count == 0:
        return f"{said} Its score cannot be measured."
    low, high = binomtest(right, count).proportion_ci(method="exact")
    return (
        f"{said} If a network gets {right} of the {count} validation images right, the 95% confidence interval of "
        f"this share is {low:.2f} to {high:.2f}: smaller differences between networks are chance."
    )


def _size(example: Example) -> tuple[int, int]:
    """Width and height in pixels."""
    if example.box:
        box = example.box
        return max(1, round(box.right - box.left)), max(1, round(box.bottom - box.top))
    if isinstance(example.origin, np.ndarray):
        height, width = example.origin.shape[:2]
        return width, height
    with Image.open(example.origin) as image:
        return image.size


def _brightness(arrays: Arrays, at_a_time: int = 512) -> Floats:
    means = [(block.images.astype(np.float32).mean(axis=(1, 2)) @ LUMA) / 255 for block in arrays.blocks(at_a_time)]
    return np.concatenate(means).astype(np.float64)
