"""What was found out about files before, so that a restart neither reads nor decodes 50,000 of them again.

A JSON file in the cache folder: for each path, the size and modification time for which its SHA-256 was computed, the
pixel limit under which it was decoded without fault (0: not yet), and its extremes where it has more than 8 bits a
channel. Losing it costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from search.data.depth import Extremes
from search.data.files import fault_of
from search.data.parallel import in_parallel

INDEX_VERSION = 2  # raise it when more is looked for in a file than before


class Known(NamedTuple):
    """What is known about one file."""

    size: int
    mtime_ns: int
    sha256: str
    decoded_below: int
    extremes: Extremes | None = None


class KnownFiles:
    """The index of one data set's files, shared by all processes that use `folder`."""

    def __init__(self, folder: Path, source: Path, max_pixels: int) -> None:
        name = hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:16]
        self._file = folder / f"files-{name}-v{INDEX_VERSION}.json"
        self._max_pixels = max_pixels
        self._known: dict[str, Known] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take over what other processes have found out since."""
        try:
            entries = json.loads(self._file.read_bytes())
            self._known |= {path: _known(*entry) for path, entry in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return  # missing or damaged: everything is looked at again

    def identify(self, paths: Sequence[Path], progress: bool) -> tuple[dict[Path, str], dict[Path, str]]:
        """SHA-256 of each file that can be read, and for the others why not."""
        unread = [path for path in paths if not self._is_current(path)]
        outcomes = zip(unread, in_parallel(self._read, unread, "reading files", progress), strict=True)
        faults = {path: fault for path, fault in outcomes if fault}
        return {path: self._known[str(path)].sha256 for path in paths if path not in faults}, faults

    def undecoded(self, paths: Iterable[Path]) -> list[Path]:
        """Those that are not known to be whole images within the limit."""
        return [path for path in paths if not 0 < self._known[str(path)].decoded_below <= self._max_pixels]

    def extremes(self, paths: Iterable[Path]) -> list[Extremes]:
        """Of those that have more than 8 bits a channel."""
        return [extremes for path in paths if (extremes := self._known[str(path)].extremes)]

    def remember_decoded(self, paths: Iterable[Path], extremes: Mapping[Path, Extremes]) -> None:
        """Write down that these are whole images, and which are deep. Call with the cache locked."""
        for path in paths:
            known = self._known[str(path)]
            found = extremes.get(path, known.extremes)
            self._known[str(path)] = known._replace(decoded_below=self._max_pixels, extremes=found)
        temporary = self._file.with_suffix(f".{os.getpid()}.tmp")
        try:
            temporary.write_text(json.dumps(self._known), encoding="utf-8")
            temporary.replace(self._file)
        except OSError:  # a full disk: the files are looked at again
            temporary.unlink(missing_ok=True)

    def _is_current(self, path: Path) -> bool:
        known = self._known.get(str(path))
        try:
            found = path.stat()
        except (OSError, ValueError):  # ValueError: no file can have this name
            return False
        return known is not None and (known.size, known.mtime_ns) == (found.st_size, found.st_mtime_ns)

    def _read(self, path: Path) -> str | None:
        """Hash one file; the reason if it cannot be read. What is no file, such as a pipe, is not opened."""
        if fault := fault_of(path):
            return fault
        try:
            found = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            return error.strerror or str(error)
        self._known[str(path)] = Known(found.st_size, found.st_mtime_ns, digest, 0)
        return None


def _known(size: int, mtime_ns: int, sha256: str, decoded_below: int, extremes: Sequence[float] | None) -> Known:
    """As JSON has it."""
    return Known(size, mtime_ns, sha256, decoded_below, Extremes(*extremes) if extremes else None)  # type: ignore[arg-type]
