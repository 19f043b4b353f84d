"""All files below a folder, with links followed, and notes about everything that was left out.

Each real folder is read once, so a loop of links ends. Leftovers of operating systems are counted and left out.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from search.data.examples import named
from search.data.names import readable
from search.data.sources.leftovers import leftover
from search.data.sources.paths import shown

COUNTED_AT_MOST = 10_000  # files in one leftover: snapshots may hold the whole data set many times
Identities = frozenset[Hashable]


@dataclass(frozen=True)
class _LeftOut:
    """A leftover: its pattern or name, and the number of files in it; None if it is a file."""

    name: str
    inside: int | None


class Walk:
    """One pass over the folders below `root`.

    refused  folders that cannot be listed, with the reason
    """

    def __init__(self, root: Path) -> None:
        self.refused: dict[Path, str] = {}
        self._root = root
        self._left_out: dict[Path, _LeftOut] = {}
        self._loops: set[Path] = set()
        self._repeated: set[Path] = set()
        real = root.resolve()
        self._above_root = frozenset(self._identity(folder) for folder in (real, *real.parents))

    def entries(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The folders in a folder and its other entries, sorted. Links to folders are folders, except to parents."""
        above = self._above(folder)
        folders, others = self._listed(folder)
        inside = []
        for sub in folders:
            if self._identity(sub) in above:
                self._loops.add(sub)
            else:
                inside.append(sub)
        return inside, others

    def files_below(self, folder: Path) -> list[Path]:
        """All files below a folder, sorted. Links are followed last, so that files with a real path keep that path."""
        files: list[Path] = []
        seen: set[Hashable] = set()
        real = deque([(folder, self._above(folder) - {self._identity(folder)})])
        linked: deque[tuple[Path, Identities]] = deque()
        while real or linked:
            here, above = (real or linked).popleft()
            me = self._identity(here)
            if me in above:
                self._loops.add(here)
            elif me in seen:
                self._repeated.add(here)
            else:
                seen.add(me)
                folders, others = self._listed(here)
                files += others
                for sub in folders:
                    (linked if _is_link(sub) else real).append((sub, above | {me}))
        return sorted(files, key=_parts)

    def notes(self) -> list[str]:
        """One line for each kind of entry that was left out."""
        notes = []
        if self._left_out:
            notes.append(_ignored(self._left_out))
        if self._loops:
            notes.append(
                f"links to one of their parent folders ({len(self._loops)}) are not followed: "
                f"{self._named(self._loops)}"
            )
        if self._repeated:
            notes.append(
                f"folders that several paths lead to ({len(self._repeated)}) are read once: "
                f"{self._named(self._repeated)}"
            )
        return notes

    def _named(self, paths: Iterable[Path]) -> str:
        return named(sorted(shown(path, self._root) for path in paths))

    def _above(self, folder: Path) -> Identities:
        """The folders that a link in `folder` must not lead to: `folder` and its parents."""
        depth = len(folder.relative_to(self._root).parts)
        return self._above_root | {self._identity(path) for path in (folder, *folder.parents)[:depth]}

    def _listed(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """Folders (or links to folders) and all other entries, sorted, without leftovers."""
        folders: list[Path] = []
        others: list[Path] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if pattern := leftover(entry.name):
                        self._left_out[Path(entry.path)] = _left_out(entry, pattern)
                    else:
                        (folders if _is_folder(entry) else others).append(Path(entry.path))
        except OSError as error:
            self.refused[folder] = error.strerror or str(error)
        return sorted(folders, key=_parts), sorted(others, key=_parts)

    def _identity(self, folder: Path) -> Hashable:
        """Equal for all paths of one folder. On file systems without inode numbers, real paths are compared."""
        try:
            found = folder.stat()
        except OSError as error:
            self.refused[folder] = error.strerror or str(error)
            return folder
        return (found.st_dev, found.st_ino) if found.st_ino else folder.resolve()


def _parts(path: Path) -> tuple[str, ...]:
    """The sort key of a path. Comparing the paths gives the same order, but takes ten times as long."""
    return path.parts


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_link(folder: Path) -> bool:
    try:
        return folder.is_symlink()
    except OSError:  # its parent folder can be listed, but not entered
        return False


def _left_out(entry: os.DirEntry[str], pattern: str) -> _LeftOut:
    """The leftover of a directory entry, with its number of files. Links are not followed: they may lead anywhere."""
    name = entry.name if pattern == ".*" or "*" not in pattern else pattern
    if not entry.is_dir(follow_symlinks=False):
        return _LeftOut(name, None)
    below = chain.from_iterable(names for _, _, names in os.walk(entry.path))  # skips folders that cannot be listed
    return _LeftOut(name, sum(1 for _ in islice(below, COUNTED_AT_MOST)))


def _ignored(left_out: Mapping[Path, _LeftOut]) -> str:
    """As in "ignored 24 files in 2 folders, which are hidden or left by a NAS, a system or a program: @eaDir"."""
    inside = [entry.inside for entry in left_out.values() if entry.inside is not None]
    number = sum(inside) + len(left_out) - len(inside)
    files = f"{'at least ' if COUNTED_AT_MOST in inside else ''}{number} file{'' if number == 1 else 's'}"
    if inside:
        where = f"in {len(inside)} folder{'' if len(inside) == 1 else 's'}"
        files += f", {sum(inside)} of them {where}" if len(inside) < len(left_out) else f" {where}"
    names = named(sorted({readable(entry.name) for entry in left_out.values()}))
    verb = "is" if number == 1 else "are"
    return f"ignored {files}, which {verb} hidden or left by a NAS, a system or a program: {names}"
