"""Formats whose file has no room for the model's description: it is `description.json` beside the file.

`labels.txt` has the class names in the order of the probabilities, one in each line, for other programs.
"""

from __future__ import annotations

from pathlib import Path

from search.errors import BadInput
from search.models.description import ModelDescription
from search.models.exported import NOT_LOADED, description_in
from search.models.formats.snippet import EXTRA_FILE
from search.system.text import clean

LABELS_FILE = "labels.txt"


def labels(description: ModelDescription) -> str:
    """The class names, one in each line."""
    return "".join(f"{clean(name)}\n" for name in description.classes)


def describe_beside(path: Path, description: ModelDescription) -> None:
    """Write both files."""
    path.with_name(EXTRA_FILE).write_text(description.model_dump_json(), encoding="utf-8")
    path.with_name(LABELS_FILE).write_text(labels(description), encoding="utf-8")


def description_beside(path: Path) -> ModelDescription:
    """The description of the model at `path`. Raises BadInput if there is none."""
    described = path.with_name(EXTRA_FILE)
    try:
        text = described.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read: {error}; copy the whole folder of the export"
        raise BadInput(NOT_LOADED, [f"{described}: {reason}"]) from error
    return description_in(described, text)
