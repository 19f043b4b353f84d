"""Try: a picture of one's own, answered by one or two networks. It is kept in memory, and only for the answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from search.data.decode import Unreadable
from search.errors import BadInput
from search.models.classifier import Classifier
from search.models.decisions import UNSURE, decisions
from search.models.exported import CARD_FILE
from search.models.formats.registry import FORMAT_OF_SUFFIX, FORMATS, exported_file, running_problems
from search.models.image_files import Reading, decode_image, named_range
from search.models.loading import open_classifier
from search.system.offline_page import jpeg
from search.ui.found import Found, Kept

MOST_PIXELS = 50_000_000
MOST_CLASSES = 6
EXPORTS = "exports"
NO_THRESHOLD = "It has no threshold, so it always decides."


@dataclass(frozen=True)
class Answer:
    """What a model says of a picture.

    decided   a class or `unsure`; None if the model has no threshold
    classes   the most probable ones with their calibrated probabilities, most probable first
    rest      number of the other classes
    seen      the address of the picture as the network got it
    """

    model: str
    decided: str | None
    classes: list[tuple[str, float]]
    rest: int
    seen: str
    side: int
    decode_ms: float
    network_ms: float

    @property
    def is_unsure(self) -> bool:
        return self.decided == UNSURE


def exports(found: Found) -> Mapping[str, Path]:
    """The exported models in the search's output folder, by the name of their folder."""
    folder = found.settings.run_dir / EXPORTS
    try:
        folders = sorted(path for path in folder.iterdir() if (path / CARD_FILE).is_file() and not path.is_symlink())
    except OSError:
        return {}
    return {path.name: path for path in folders}


def usable_exports(found: Found) -> list[str]:
    """Names of exports whose runtime is installed here."""
    forms = {name: FORMAT_OF_SUFFIX.get(exported_file(path, *FORMATS).suffix) for name, path in exports(found).items()}
    return [name for name, form in forms.items() if form and not running_problems(form)]


class Trying:
    """Answers of models, which stay open."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._models = Kept()

    def answer(self, picture: bytes, where: str) -> Answer:
        """Raises BadInput if the picture cannot be decoded, or if there is no such model."""
        model = self._model(where)
        description, settings = model.description, self._found.settings.data
        started = time.perf_counter()
        try:
            most = min(MOST_PIXELS, settings.max_pixels)
            image = decode_image(picture, Reading(description.input, most, named_range(settings)))
        except Unreadable as error:
            raise BadInput("this is no picture that can be used", [str(error)]) from error
        decoded = time.perf_counter()
        probabilities = model.run(image[None])
        ended = time.perf_counter()
        order = np.argsort(-probabilities[0], kind="stable")
        decided = decisions(description, probabilities)
        return Answer(
            model=where,
            decided=None if decided is None else decided[0],
            classes=[(description.classes[index], float(probabilities[0, index])) for index in order[:MOST_CLASSES]],
            rest=max(0, len(order) - MOST_CLASSES),
            seen=jpeg(image),
            side=description.input.image_size,
            decode_ms=1e3 * (decoded - started),
            network_ms=1e3 * (ended - decoded),
        )

    def _model(self, where: str) -> Classifier:
        """Opened once, and run once, so that the first answer takes no longer than others. Raises BadInput."""
        version = 0
        if where not in self._found.models():
            if where not in usable_exports(self._found):
                raise BadInput("there is no such model", ["choose one of the list"])
            path = exports(self._found)[where]
            where, version = str(path), path.stat().st_mtime_ns

        def opened() -> Classifier:
            classifier = open_classifier(where, self._found.settings)
            size = classifier.description.input.image_size
            classifier.run(np.zeros((1, size, size, 3), dtype=np.uint8))
            return classifier

        return self._models.get((where, version), opened)
