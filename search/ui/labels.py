"""Data: the images that an inspection doubts, with their pictures, and what a person decides about each."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
from PIL import Image

from search.data.corrections import ACTIONS
from search.data.dataset import SOURCES
from search.data.decode import Unreadable, decode, fit_pixels
from search.data.examples import Example
from search.data.names import composed
from search.errors import BadInput
from search.inspect.corrections import AND, LABEL_ERROR, NEAR_COPIES, OUTLIER, Correction, decide, read_corrections
from search.inspect.inspection import CORRECTIONS, PAGE
from search.inspect.page import COPIES_MEANING, ERRORS_MEANING, OUTLIERS_MEANING
from search.settings.search import Settings
from search.ui.found import Kept

SIDE = 192
A_PAGE = 60
KINDS: Mapping[str, tuple[str, str]] = {
    LABEL_ERROR: ("Probable label errors", ERRORS_MEANING),
    OUTLIER: ("Outliers", OUTLIERS_MEANING),
    NEAR_COPIES: ("Near copies", COPIES_MEANING),
    "": ("Without a reason", "Somebody added these lines, or an earlier version wrote the list."),
}
Numbered = tuple[int, Correction]
Sections = list[tuple[tuple[str, str], list[list[Numbered]]]]
"""Heading and meaning of each kind, and its groups of lines with their numbers."""


class Labels:
    """The files that `elimnet inspect` wrote into the search's output folder, and the pictures that they name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._listings = Kept(1)

    @property
    def corrections(self) -> Path:
        return self._settings.run_dir / CORRECTIONS

    @property
    def page(self) -> Path:
        return self._settings.run_dir / PAGE

    def sections(self, page: int) -> tuple[Sections, int]:
        """What one page shows, and the number of pages. An image with several reasons is shown with each of them.

        Raises BadInput.
        """
        if not self.corrections.is_file():
            return [], 0
        lines = enumerate(read_corrections(self.corrections))
        found = sorted((*_place(reason), number, line) for number, line in lines for reason in line.reason.split(AND))
        shown = found[page * A_PAGE : (page + 1) * A_PAGE]
        sections = [
            (list(KINDS.values())[kind], [[each[2:] for each in group] for _, group in groupby(mine, itemgetter(1))])
            for kind, mine in groupby(shown, itemgetter(0))
        ]
        return sections, -(-len(found) // A_PAGE)

    def classes(self) -> list[str]:
        """The classes that an image can be given."""
        return sorted({example.class_name for example in self._examples().values()})

    def picture(self, line: int) -> bytes:
        """The image of a line as JPEG. Only what the data set lists, and what decodes as an image, is ever shown.

        Raises BadInput if there is no such line or image.
        """
        lines = read_corrections(self.corrections)
        example = self._examples().get(composed(lines[line].file)) if 0 <= line < len(lines) else None
        if example is None:
            raise BadInput("there is no such picture", [f"line {line} names no image of the data set"])
        try:
            image = _square(example, self._settings)
        except (OSError, Unreadable) as error:
            raise BadInput("the picture cannot be shown", [str(error)]) from error
        written = io.BytesIO()
        Image.fromarray(image).save(written, "JPEG", quality=85)
        return written.getvalue()

    def decide(self, line: int, name: str, action: str, proposed: str) -> None:
        """Write a decision into the list of corrections. Raises BadInput."""
        if action == "relabel" and proposed not in self.classes():
            raise BadInput("the correction was not written", ["unknown class; choose one of the list"])
        decide(self.corrections, line, name, action, proposed)

    def _examples(self) -> dict[str, Example]:
        """The images of the data set by name, listed again when the list of corrections was written anew."""
        data = self._settings.data

        def listed() -> dict[str, Example]:
            return {composed(example.name): example for example in SOURCES[data.source](data).examples}

        return self._listings.get(self.page.stat().st_mtime_ns if self.page.exists() else 0, listed)


def _place(reason: str) -> tuple[int, int]:
    """The kind of a reason, and its group within the kind."""
    kind, _, number = reason.rpartition(" ")
    kind, group = (kind, int(number)) if number.isdecimal() else (reason, 0)
    return list(KINDS).index(kind if kind in KINDS else ""), group


def _square(example: Example, settings: Settings) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """uint8 (S, S, 3)."""
    if isinstance(example.origin, np.ndarray):
        return fit_pixels(example.origin, SIDE, settings.data.fit)
    content = example.origin.read_bytes()
    return np.asarray(decode(content, [example.box], SIDE, settings.data.fit, settings.data.max_pixels)[0])


__all__ = ["ACTIONS", "Labels"]
