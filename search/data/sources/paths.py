"""The first thing that can be wrong with a data set: its path."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

SET_IT = "name it with --data-dir, data.path in the settings or DATA_DIR in the environment"
IGNORED = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def path_problems(path: Path | None, kind: Literal["folder", "file"], holding: str) -> list[str]:
    """At most one problem: no path, nothing there, or not a `kind`. `holding` says what is expected in it."""
    if path is None:
        return [f"no path is given: expected a {kind} with {holding}; {SET_IT}"]
    if not path.exists():
        return [f"{path} does not exist: expected a {kind} with {holding}; {SET_IT}"]
    if kind == "folder" and not path.is_dir():
        return [f"{path} is a file: expected a folder with {holding}"]
    if kind == "file" and not path.is_file():
        return [f"{path} is a folder: expected a file with {holding}"]
    return []


def is_ignored(name: str) -> bool:
    """Whether this is what operating systems leave in folders: hidden files, thumbnails, resource forks."""
    return name.startswith(".") or name.casefold() in IGNORED


def shown(path: Path, root: Path | None) -> str:
    """`path` as seen from the data set's folder (or the folder of its CSV file): the same on every machine."""
    folder = root if root is None or root.is_dir() else root.parent
    return str(path.relative_to(folder)) if folder and path.is_relative_to(folder) else str(path)
