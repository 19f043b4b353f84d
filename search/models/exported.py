"""Exported models on disk: which file is whose format, and what a file says of its model."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from search.errors import BadInput
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE, ModelDescription
from search.system.outputs import folder_problems

REFUSED = "nothing was exported"
FILES = {
    "onnx": "model.onnx",
    "torchscript": "model.pt",
    "safetensors": WEIGHTS_FILE,
    "torch-export": "model.pt2",
}
"""The file of each format, in the folder of an export."""


def output_problems(output: Path) -> list[str]:
    """Why there can be no new export of this name."""
    return [f"--output {problem}" for problem in folder_problems(output)]


def exported_file(path: Path, *formats: str) -> Path:
    """The model's file where `path` is the folder of an export in one of the formats; else `path` itself."""
    if (path / DESCRIPTION_FILE).exists():
        return path
    files = [path / FILES[name] for name in formats]
    return next((file for file in files if file.is_file()), path)


def description_in(path: Path, text: str | bytes) -> ModelDescription:
    """What an exported file at `path` says of itself in `text`. Raises BadInput where that is no description."""
    try:
        return ModelDescription.model_validate_json(text)
    except ValidationError as error:
        problem = f"{path}: says nothing of its classes; expected a model that python -m search.export wrote"
        raise BadInput("the model cannot be loaded", [problem]) from error
