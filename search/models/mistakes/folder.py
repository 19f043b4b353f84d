"""The folder of a page of mistakes: what it holds, and which folder may become one."""

from __future__ import annotations

from pathlib import Path

from search.system.outputs import room_problems
from search.system.text import some_of

PAGE, LIST = "mistakes.html", "mistakes.csv"
OPTION = "--mistakes"
_NAMED_AT_MOST = 3


def folder_problems(folder: Path | None, images: Path | None = None) -> list[str]:
    """Problems with writing the mistakes into a folder: it may be new, empty, or hold an earlier page.

    images  the folder of the images, in which it would count as a class
    """
    if folder is None:
        return []
    if images is not None and folder.resolve().is_relative_to(images.resolve()):
        return [f"{OPTION} {folder}: lies among the images, where it would count as a class; name a folder elsewhere"]
    try:
        there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        return [f"{OPTION} {folder}: {error.strerror}; name another folder"]
    if there and PAGE not in there:
        return [f"{OPTION} {folder}: holds other files ({some_of(there, _NAMED_AT_MOST)}); name a new or empty folder"]
    return [f"{OPTION} {problem}" for problem in room_problems(folder)]
