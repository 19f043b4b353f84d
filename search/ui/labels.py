"""Data: the list of probable label errors with their pictures, and what a person decides about each."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from search.data.corrections import ACTIONS
from search.data.dataset import SOURCES
from search.data.decode import Unreadable, decode, fit_pixels
from search.data.examples import Example
from search.data.names import composed
from search.errors import BadInput
from search.inspect.corrections import Correction, decide, read_corrections
from search.inspect.inspection import CORRECTIONS, PAGE
from search.settings.search import Settings
from search.ui.found import Kept

SIDE = 192
A_PAGE = 60


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

    def lines(self, page: int) -> tuple[list[tuple[int, Correction]], int]:
        """The lines of one page, each with its number, and the number of pages. Raises BadInput."""
        if not self.corrections.is_file():
            return [], 0
        found = list(enumerate(read_corrections(self.corrections)))
        return found[page * A_PAGE : (page + 1) * A_PAGE], -(-len(found) // A_PAGE)

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


def _square(example: Example, settings: Settings) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """uint8 (S, S, 3)."""
    if isinstance(example.origin, np.ndarray):
        return fit_pixels(example.origin, SIDE, settings.data.fit)
    content = example.origin.read_bytes()
    return np.asarray(decode(content, [example.box], SIDE, settings.data.fit, settings.data.max_pixels)[0])


__all__ = ["ACTIONS", "Labels"]
