"""Exported models on disk: where an export may go, and what a file says of its model."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from search.errors import BadInput
from search.models.description import ModelDescription
from search.system.outputs import folder_problems

REFUSED = "nothing was exported"
NOT_LOADED = "the model cannot be loaded"


def output_problems(output: Path) -> list[str]:
    """Reasons why no new export can have this name."""
    return [f"--output {problem}" for problem in folder_problems(output)]


def description_in(path: Path, text: str | bytes) -> ModelDescription:
    """The description that the exported file at `path` carries as `text`. Raises BadInput where it is none."""
    try:
        return ModelDescription.model_validate_json(text)
    except ValidationError as error:
        problem = f"{path}: has no class names; expected a model that python -m search.export wrote"
        raise BadInput(NOT_LOADED, [problem]) from error


def not_whole(path: Path, kind: str, error: Exception) -> BadInput:
    """For a file that its own library cannot open."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return BadInput(NOT_LOADED, [f"{path}: not a whole {kind} file: {reason}"])
