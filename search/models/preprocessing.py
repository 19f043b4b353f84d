"""The usual errors of programs that prepare pictures for a model, and which of them explains wrong answers.

Each error is tried on the golden pictures with the model itself: see `search.models.golden`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from search.data.decode import Fit
from search.models.classifier import Classifier, Images, Probabilities

Errors = tuple[str, ...]
"""What is done wrong, in words; nothing: the picture is prepared as the lines of the model card do it."""

Box = tuple[float, float, float, float]

TIMES_NEARER = 3.0
"""An error explains answers that are so many times nearer to what it gives than to the right ones."""


def _antialiased(image: Image.Image, size: int, box: Box) -> Image.Image:
    return image.resize((size, size), Image.Resampling.BILINEAR, box)


def _without_antialias(image: Image.Image, size: int, box: Box) -> Image.Image:
    """As INTER_LINEAR of OpenCV: each pixel is made of four, however large the image is."""
    left, top, right, bottom = box
    affine = ((right - left) / size, 0, left, 0, (bottom - top) / size, top)
    return image.transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)


def _nearest(image: Image.Image, size: int, box: Box) -> Image.Image:
    return image.resize((size, size), Image.Resampling.NEAREST, box)


def _whole(image: Image.Image) -> Box:
    return 0, 0, image.width, image.height


def _middle(image: Image.Image) -> Box:
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return left, top, left + side, top + side


OPENING: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "": ImageOps.exif_transpose,
    "the orientation in the EXIF data is ignored": lambda image: image,
}
FITTING: Mapping[Fit, Mapping[str, Callable[[Image.Image], Box]]] = {
    "stretch": {"": _whole, "the middle is cut out, instead of stretching the whole picture": _middle},
    "crop": {"": _middle, "the whole picture is stretched, instead of cutting out the middle": _whole},
}
RESIZING: Mapping[str, Callable[[Image.Image, int, Box], Image.Image]] = {
    "": _antialiased,
    "it is resized without antialiasing": _without_antialias,
    "it is resized by nearest neighbour": _nearest,
}
CHANNELS: Mapping[str, Callable[[Images], Images]] = {
    "": lambda image: image,
    "the channels are BGR instead of RGB": lambda image: image[..., ::-1],
}
VALUES: Mapping[str, Callable[[Images], Images]] = {
    "": lambda image: image,
    "the values are 0 to 1 (or normalised) instead of 0 to 255": lambda image: image // 255,
}


def from_picture(path: Path, size: int, fit: Fit) -> dict[Errors, Images]:
    """The network's inputs, uint8 (size, size, 3), that each combination of errors makes of a picture's file."""
    with Image.open(path) as image:
        image.load()
    made = {}
    for opening, fitting, resizing in itertools.product(OPENING, FITTING[fit], RESIZING):
        opened = OPENING[opening](image).convert("RGB")
        square = np.asarray(RESIZING[resizing](opened, size, FITTING[fit][fitting](opened)))
        for later, changed in from_input(square).items():
            made[_named(opening, fitting, resizing) + later] = changed
    return made


def from_input(image: Images) -> dict[Errors, Images]:
    """The same for the network's input itself, uint8 (size, size, 3): errors that do not need the picture."""
    return {
        _named(channels, values): VALUES[values](CHANNELS[channels](image))
        for channels, values in itertools.product(CHANNELS, VALUES)
    }


def _named(*errors: str) -> Errors:
    return tuple(error for error in errors if error)


def probable_errors(
    answers: Probabilities, right: Probabilities, prepared: Sequence[Mapping[Errors, Images]], classifier: Classifier
) -> Errors:
    """The fewest errors that explain the `answers` of a program, (pictures, classes); nothing if no usual ones do.

    right     what the model answers to pictures that are prepared as in training, (pictures, classes)
    prepared  the inputs of each picture, by the errors that made them
    """
    distance = {
        errors: _distance(answers, classifier.probabilities(np.stack([each[errors] for each in prepared])))
        for errors in prepared[0]
    }
    least = min(distance.values())
    if least * TIMES_NEARER > _distance(answers, right):
        return ()
    near = [errors for errors in distance if distance[errors] <= 2 * least + 1e-4]
    return min(near, key=lambda errors: (len(errors), distance[errors]))


def _distance(one: Probabilities, other: Probabilities) -> float:
    return float(np.abs(one - other).mean())
