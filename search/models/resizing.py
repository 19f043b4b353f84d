"""Proving a model or a page that resizes pictures itself, on validation pictures as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from search.data.dataset import Dataset
from search.data.decode import whole_image
from search.data.depth import PixelRange
from search.errors import NotProven
from search.models.agreement import Agreement, agreement_of, largest_difference
from search.models.classifier import Classifier, Images, Probabilities
from search.models.exported import REFUSED
from search.models.formats.onnx_resizing import TOLERANCE, resize_inside
from search.models.formats.onnx_session import open_onnx
from search.models.formats.registry import FORMATS, load_format
from search.models.golden import content_of, spread_over_classes
from search.models.preprocessing import FITTING, RESIZING

PAGE_PICTURES = 200
"""A page decodes and resizes in JavaScript, which takes a second for a large picture."""


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

    def answer(_content: bytes, picture: Images) -> Probabilities:
        return resizing.run(picture[None])

    return _proof(original, answer, answers, dataset, range(len(answers)))


def resize_files(folder: Path, original: Classifier, answers: Probabilities, dataset: Dataset) -> ResizingProof:
    """Put the resizing into the ONNX files of the folder. Raises NotProven if it differs from Pillow's."""
    description = load_format("onnx").description(original.description)
    for path in folder.glob("*.onnx"):
        resize_inside(path, description)
    proof = prove_resizing(original, open_onnx(folder / FORMATS["onnx"].file), answers, dataset)
    if not proof.from_pillow <= TOLERANCE:
        allowed = f"allowed is {TOLERANCE:g}; export it without --resize-inside"
        raise NotProven(f"{REFUSED}:\n  - the model resizes otherwise than Pillow: {proof}; {allowed}")
    return proof


def prove_page(original: Classifier, page: Classifier, answers: Probabilities, dataset: Dataset) -> ResizingProof:
    """Let a page decode, resize and classify the files of at most `PAGE_PICTURES` validation pictures.

    answers  of the `original` network to the decoded validation images

    Raises NotProven if it cannot read a picture, or if it prepares one otherwise than Pillow.
    """
    assert page.answer_file is not None
    by_page = page.answer_file
    labels = dataset.arrays("validation", original.description.input.image_size).labels.tolist()

    def answer(content: bytes, _picture: Images) -> Probabilities:
        return by_page(content)

    try:
        proof = _proof(original, answer, answers, dataset, spread_over_classes(labels, PAGE_PICTURES))
    except RuntimeError as error:
        raise NotProven(f"{REFUSED}:\n  - the page does not answer to a validation picture: {error}") from error
    if not proof.from_pillow <= TOLERANCE:
        differs = f"the page prepares pictures otherwise than Pillow: {proof}; allowed is {TOLERANCE:g}"
        raise NotProven(f"{REFUSED}:\n  - {differs}")
    return proof


def _proof(
    original: Classifier,
    answer: Callable[[bytes, Images], Probabilities],
    answers: Probabilities,
    dataset: Dataset,
    chosen: Sequence[int],
) -> ResizingProof:
    """`answer` takes a picture's file, and the same decoded, uint8 (H, W, 3), upright; and gives (1, classes)."""
    taken, examples = original.description.input, dataset.examples("validation")
    found, by_pillow = [], []
    for index in chosen:
        content = content_of(examples[index])[1]
        picture = whole_image(content, dataset.settings.max_pixels, PixelRange(*taken.pixel_range))
        found.append(answer(content, picture)[0])
        image = Image.fromarray(picture)
        square = RESIZING[""](image, taken.image_size, FITTING[taken.fit][""](image))
        by_pillow.append(original.run(np.asarray(square)[None])[0])
    labels = dataset.arrays("validation", taken.image_size).labels
    seen = original.description.provenance.saw_validation
    inside = np.stack(found)
    agreement = agreement_of(answers[list(chosen)], inside, labels[list(chosen)], trained_on=seen)
    return ResizingProof(largest_difference(inside, np.stack(by_pillow)), agreement)
