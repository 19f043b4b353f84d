"""Paths as people write them in settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator


def _expanded(path: Path) -> Path:
    """A shell expands ~ neither in a file nor behind `--set key=`. Raises ValueError for what can be no path."""
    if "\0" in str(path):
        raise ValueError("a path holds no NUL character")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path} is in a home that is not known; write the whole path") from error


def _not_empty(path: Any) -> Any:
    """An empty path would be the current folder, and is mostly a shell's variable that is not set."""
    if path == "":
        raise ValueError("expected a path")
    return path


ExpandedPath = Annotated[Path, BeforeValidator(_not_empty), AfterValidator(_expanded)]
