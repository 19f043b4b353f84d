"""The kind of a path, without opening it: a named pipe would block, and a device may have side effects."""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

IS_FOLDER = "a folder, not a file"
_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def kind_of(path: Path) -> str:
    """The kind of a path: a file, a folder, a pipe, a socket or a device. Links are followed.

    Raises OSError. Its `strerror` also names the target of a broken link, or states that no file can have this name.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        if not path.is_symlink():
            raise
        target = Path(path).readlink()
        raise FileNotFoundError(error.errno, f"a link to {target}, which does not exist", str(path)) from error
    except ValueError as error:  # NUL, or a character that the file system cannot encode
        raise OSError(0, f"no file can have this name ({error})", str(path)) from error
    return _KINDS.get(stat.S_IFMT(mode), "no file")


def fault_of(path: Path) -> str | None:
    """Why `path` is not a readable file, as far as this is known without opening it; None if nothing is wrong."""
    try:
        kind = kind_of(path)
    except OSError as error:
        return error.strerror or str(error)
    return None if kind == "a file" else f"{kind}, not a file"


def leads_nowhere(path: Path) -> bool:
    """Whether `path` is a link to nothing, or to itself."""
    try:
        return path.is_symlink() and not kind_of(path)
    except OSError:
        return True


def located(folder: Path, name: str) -> Path:
    """The file with this name in a list in `folder`.

    A list from Windows or macOS may write the path with \\ or in the other Unicode form. If only a file with the
    converted name exists, that file is returned.
    """
    path = folder / name
    if (name.isascii() and "\\" not in name) or os.path.lexists(path):
        return path
    slashed = name.replace("\\", "/")
    others = (folder / spelt for spelt in (slashed, *(unicodedata.normalize(form, slashed) for form in ("NFC", "NFD"))))
    return next((other for other in others if os.path.lexists(other)), path)
