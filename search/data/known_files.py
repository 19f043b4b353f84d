"""An index of checked files, so that a restart does not read and decode 50,000 files again.

It is a JSON file in the cache folder. For each path it has the size and modification time for which the SHA-256 was
computed, the pixel limit under which the file was decoded without a fault (0: not yet), and the extremes if the image
has more than 8 bits per channel. If the index is lost, all files are checked again.
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

INDEX_VERSION = 2  # raise it when files are checked for more than before


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
        """Read what other processes have added to the index."""
        try:
            entries = json.loads(self._file.read_bytes())
            self._known |= {path: _known(*entry) for path, entry in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return  # missing or damaged: all files are checked again

    def identify(self, paths: Sequence[Path], progress: bool) -> tuple[dict[Path, str], dict[Path, str]]:
        """SHA-256 of each readable file, and the reason for each file that cannot be read."""
        unread = [path for path in paths if not self._is_current(path)]
        outcomes = zip(unread, in_parallel(self._read, unread, "reading files", progress), strict=True)
        faults = {path: fault for path, fault in outcomes if fault}
        return {path: self._known[str(path)].sha256 for path in paths if path not in faults}, faults

    def undecoded(self, paths: Iterable[Path]) -> list[Path]:
        """The files that are not known to be complete images within the pixel limit."""
        return [path for path in paths if not 0 < self._known[str(path)].decoded_below <= self._max_pixels]

    def extremes(self, paths: Iterable[Path]) -> list[Extremes]:
        """The extremes of the files with more than 8 bits per channel."""
        return [extremes for path in paths if (extremes := self._known[str(path)].extremes)]

    def remember_decoded(self, paths: Iterable[Path], extremes: Mapping[Path, Extremes]) -> None:
        """Record that these are complete images, and their extremes. Call with the cache locked."""
        for path in paths:
            known = self._known[str(path)]
            found = extremes.get(path, known.extremes)
            self._known[str(path)] = known._replace(decoded_below=self._max_pixels, extremes=found)
        temporary = self._file.with_suffix(f".{os.getpid()}.tmp")
        try:
            temporary.write_text(json.dumps(self._known), encoding="utf-8")
            temporary.replace(self._file)
        except OSError:  # a full disk: the files are checked again
            temporary.unlink(missing_ok=True)

    def _is_current(self, path: Path) -> bool:
        known = self._known.get(str(path))
        try:
            found = path.stat()
        except (OSError, ValueError):  # ValueError: no file can have this name
            return False
        return known is not None and (known.size, known.mtime_ns) == (found.st_size, found.st_mtime_ns)

    def _read(self, path: Path) -> str | None:
        """Hash one file. Returns the reason if it cannot be read. Only regular files are opened, not pipes."""
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
    """An entry of the JSON file as `Known`."""
    return Known(size, mtime_ns, sha256, decoded_below, Extremes(*extremes) if extremes else None)  # type: ignore[arg-type]
