"""Checks of a data set's path, and paths in messages."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from search.data.files import kind_of
from search.data.names import readable

SET_IT = "name it with --data-dir, data.path in the settings or DATA_DIR in the environment"
OF_FOLDER = "for a folder of images, set data.source=folder"
_ADVICE = {
    ".csv": "for a list of files, set data.source=csv",
    ".tsv": "for a list of files, set data.source=csv",
    ".json": "for annotations in COCO's format, set data.source=coco",
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar"), "unpack the archive, and name the folder"),
}


def path_problems(
    path: Path | None, kind: Literal["folder", "file"], holding: str, remedy: str | None = SET_IT
) -> list[str]:
    """At most one problem: no path is given, the path does not exist, or it is not a `kind`.

    `holding` is the expected content, and `remedy` the advice; it is None if the path does not come from a setting.
    """
    expected = f"expected a {kind} with {holding}"
    to_do = f"; {remedy}" if remedy else ""
    if path is None:
        return [f"no path is given: {expected}{to_do}"]
    where = readable(str(path))
    try:
        found = kind_of(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        what = f"is {error.strerror}" if path.is_symlink() else "does not exist"
        return [f"{where} {what}: {expected}{to_do}"]
    except OSError as error:
        return [f"{where} cannot be read: {error.strerror}: {expected}{to_do}"]
    if found == f"a {kind}":
        return []
    advice = {"a file": _ADVICE.get(path.suffix.lower()), "a folder": OF_FOLDER}.get(found) if remedy else None
    return [f"{where} is {found}: {expected}{f'; {advice}' if advice else ''}"]


def shown(path: Path, root: Path | None) -> str:
    """`path` relative to the data set's folder (or its CSV file's folder), so that it is equal on every machine."""
    folder = root if root is None or root.is_dir() else root.parent
    return readable(str(path.relative_to(folder)) if folder and path.is_relative_to(folder) else str(path))
