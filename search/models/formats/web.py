"""A page for the browser: `index.html`, which classifies pictures with `model.onnx` beside it in ONNX Runtime Web.

The description is in `description.json`, the class names are in `labels.txt`. The runtime is in `vendor/`, or the page
loads it from a public server, see `search.models.formats.web_files`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from search.models.classifier import Classifier
from search.models.description import ModelDescription
from search.models.exported import not_whole
from search.models.formats import onnx
from search.models.formats.beside import describe_beside, description_beside
from search.models.formats.contract import Format
from search.models.formats.web_browser import OpenPage
from search.models.formats.web_files import MODEL, write_page

if TYPE_CHECKING:
    from search.models.deployed import Deployed


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    """Write the model and the page, with the runtime beside it."""
    onnx.write(deployed, description, path.with_name(MODEL))
    describe_beside(path, description)
    write_page(path.parent, vendored=True)


def open_file(path: Path) -> Classifier:
    """Open the page in a Chromium, which ends with the classifier. It needs no network if the runtime is in `vendor/`.

    Raises BadInput if a file is missing or damaged, or if the runtime is nowhere.
    """
    description = description_beside(path)
    try:
        page = OpenPage(path.parent, description.input.image_size)
    except (OSError, RuntimeError) as error:
        raise not_whole(path, "web", error) from error
    return Classifier(description, page.probabilities, answer_file=page.answer_file)


def snippet(description: ModelDescription, _file: str) -> list[str]:
    return onnx.snippet(description, MODEL)


FORMAT = Format(write, open_file, "onnxruntime, numpy and Pillow alone", snippet)
