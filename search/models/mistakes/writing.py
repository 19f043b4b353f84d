"""Writing the mistakes of a model: a page with pictures, and a list of all of them."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from search.models.classifier import BATCH_SIZE, Images
from search.models.mistakes.folder import LIST, PAGE
from search.models.mistakes.found import Mistake, Mistakes
from search.models.mistakes.page import page
from search.models.mistakes.pictures import Maps, Picture, picture
from search.statistics.confusion import Integers
from search.system.outputs import write_together

if TYPE_CHECKING:  # PyTorch: an exported ONNX model is evaluated without it
    from blocks.network import Network

MOST_SHOWN = 500
HEADING = ("file", "given", "answer", "probability", "given_probability")
EXPORTED = (
    "There are no maps of where the network looked, since an exported graph shows no feature maps: evaluate the trial, "
    "or an export with --format safetensors, to see them."
)

ReadImages = Callable[[Sequence[int]], Images]
"""Rows of the images -> uint8 (N, S, S, 3), as the network takes them."""


def write_mistakes(folder: Path, found: Mistakes, read: ReadImages, network: Network | None) -> None:
    """Write the page and the list into `folder`, or neither of them, and print what was written.

    network  shows where it looked; None: an exported graph, which does not

    Raises BadInput if they cannot be written.
    """
    pictures, maps_said = pictures_of(found.wrong[:MOST_SHOWN], read, network)
    files = {LIST: _as_csv(found), PAGE: page(found, pictures, maps_said)}
    encoded = {name: text.encode("utf-8", errors="surrogateescape") for name, text in files.items()}
    write_together(folder, encoded, "the mistakes cannot be written")
    images = int(found.confusion.sum())
    print(f"wrote {folder / PAGE} and {LIST}: {len(found.wrong):,} of {images:,} images are wrong", file=sys.stderr)
    if found.wrong and not any(each.looked for each in pictures):
        print(maps_said, file=sys.stderr)


def pictures_of(wrong: Sequence[Mistake], read: ReadImages, network: Network | None) -> tuple[list[Picture], str]:
    """The pictures of the mistakes, and what their maps mean, or why there are none."""
    pictures: list[Picture] = []
    said = EXPORTED
    with tqdm(total=len(wrong), desc="drawing", unit=" images", disable=None) as bar:
        for start in range(0, len(wrong), BATCH_SIZE):
            batch = wrong[start : start + BATCH_SIZE]
            images = read([each.row for each in batch])
            maps, said = _maps(network, images, np.array([each.answer for each in batch]))
            pictures += [picture(image, None if maps is None else maps[index]) for index, image in enumerate(images)]
            bar.update(len(batch))
    return pictures, said


def _maps(network: Network | None, images: Images, answers: Integers) -> tuple[Maps | None, str]:
    if network is None:
        return None, EXPORTED
    from search.models.mistakes.maps import maps_of  # noqa: PLC0415 - PyTorch

    return maps_of(network, images, answers)


def _as_csv(found: Mistakes) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEADING)
    lines.writerows(
        (
            each.file,
            found.classes[each.given],
            found.classes[each.answer],
            f"{each.probability:.4f}",
            f"{each.given_probability:.4f}",
        )
        for each in found.wrong
    )
    return text.getvalue()
