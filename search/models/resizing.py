"""Proving a model that resizes pictures itself, on the validation pictures as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from search.data.dataset import Dataset
from search.data.decode import whole_image
from search.data.depth import PixelRange
from search.models.agreement import Agreement, agreement_of, largest_difference
from search.models.classifier import Classifier, Images, Probabilities
from search.models.golden import content_of
from search.models.preprocessing import FITTING, RESIZING


@dataclass(frozen=True)
class ResizingProof:
    """How a model that resizes inside answers to whole pictures.

    from_pillow  the largest difference from the trained network's answers to the same pictures, resized by Pillow
    agreement    the comparison with the trained network's answers to pictures that this program decodes: it lets the
                 JPEG decoder make a picture smaller first, if the network's input is less than half as large
    """

    from_pillow: float
    agreement: Agreement

    def __str__(self) -> str:
        pillow = f"largest difference from Pillow's resizing {self.from_pillow:.2g}"
        return f"{pillow}; compared with this program's decoding: {self.agreement}"


def prove_resizing(
    original: Classifier, resizing: Classifier, answers: Probabilities, dataset: Dataset
) -> ResizingProof:
    """Run the model on all validation pictures at full size.

    answers  of the `original` network to the decoded validation images
    """
    taken = original.description.input
    pictures = _whole_pictures(dataset, PixelRange(*taken.pixel_range))
    found, by_pillow = [], []
    for picture in pictures:
        found.append(resizing.run(picture[None])[0])
        image = Image.fromarray(picture)
        square = RESIZING[""](image, taken.image_size, FITTING[taken.fit][""](image))
        by_pillow.append(original.run(np.asarray(square)[None])[0])
    labels = dataset.arrays("validation", taken.image_size).labels
    seen = original.description.provenance.saw_validation
    inside = np.stack(found)
    return ResizingProof(
        largest_difference(inside, np.stack(by_pillow)), agreement_of(answers, inside, labels, trained_on=seen)
    )


def _whole_pictures(dataset: Dataset, pixel_range: PixelRange) -> Iterator[Images]:
    """uint8 (H, W, 3) each, upright."""
    for example in dataset.examples("validation"):
        yield whole_image(content_of(example)[1], dataset.settings.max_pixels, pixel_range)
