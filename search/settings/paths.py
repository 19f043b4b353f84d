"""Paths as people write them in settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator


def _expanded(path: Path) -> Path:
    """Expand ~, which a shell does not do in files and after `--set key=`. Raises ValueError if this is not a path."""
    if "\0" in str(path):
        raise ValueError("a path cannot contain a NUL character")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"the home folder in {path} is unknown; write the whole path") from error


def _not_empty(path: Any) -> Any:
    """Refuse an empty path: it would mean the current folder, and usually comes from an unset shell variable."""
    if path == "":
        raise ValueError("expected a path")
    return path


ExpandedPath = Annotated[Path, BeforeValidator(_not_empty), AfterValidator(_expanded)]
