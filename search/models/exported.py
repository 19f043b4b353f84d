"""Exported models on disk: where an export may go, and what a file says of its model."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from search.errors import BadInput
from search.models.description import ModelDescription
from search.models.formats.registry import FORMATS
from search.system.outputs import folder_problems, room_problems

REFUSED = "nothing was exported"
NOT_LOADED = "the model cannot be loaded"
CARD_FILE = "MODEL_CARD.md"


def output_problems(output: Path, *, force: bool = False) -> list[str]:
    """Reasons why no new export can have this name. `force` replaces an export, and nothing else."""
    if not _is_export(output):
        return [f"--output {problem}" for problem in folder_problems(output)]
    if force:
        return [f"--output {problem}" for problem in room_problems(output.parent)]
    return [f"--output {output}: exists; name a new folder, or replace this export with --force"]


def _is_export(folder: Path) -> bool:
    """Whether this is the folder of an export, and no link to one."""
    if folder.is_symlink() or not (folder / CARD_FILE).is_file():
        return False
    return any((folder / entry.file).exists() for entry in FORMATS.values())


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
