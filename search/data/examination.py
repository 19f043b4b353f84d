"""The content hash of every example, and every file that is not a complete image.

Only decoding shows whether a file is complete, and the complete files decide the split and therefore the rows of the
cache. So the first run decodes everything into the cache as if all files were complete. If some files are not, the
decoded data are dropped: these files are refused by name, or they are skipped and the others are decoded again. The
same happens if images have more than 8 bits per channel, because the values of black and white are known only after
all files were read. The findings are stored, so the next run compares only file sizes and modification times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from search.data.cache import ImageCache
from search.data.depth import Extremes
from search.data.examples import Example, Listing, Row, Unusable, named
from search.data.known_files import KnownFiles
from search.data.sources.paths import shown
from search.data.split import Split, split_rows
from search.settings.data import DataSettings


class Examined(NamedTuple):
    """Rows of all usable examples, the reason for each unusable file, and the extremes of images with over 8 bits.

    kept  the split in whose order the images were decoded and stored now; None if they were not
    """

    rows: list[Row]
    faults: dict[Path, str]
    extremes: list[Extremes]
    kept: Split | None = None


def examine(listing: Listing, settings: DataSettings, cache: ImageCache, keep_at: int | None) -> Examined:
    """Check all files of a listing.

    keep_at  the image size at which the first decoding is stored in the cache; None to check without storing images
    """
    files = list(dict.fromkeys(example.origin for example in listing.examples if isinstance(example.origin, Path)))
    if not files or settings.path is None:
        return Examined(_rows(listing.examples, {}), {}, [])
    known = KnownFiles(cache.folder, settings.path, settings.max_pixels)
    hashes, faults = known.identify(files, cache.progress)
    kept = None
    if known.undecoded(hashes):
        with cache.locked():
            known.refresh()  # another process may have checked the files while this one waited for the lock
            hashes, faults = known.identify(files, cache.progress)
            undecoded = known.undecoded(hashes)
            rows = _rows(listing.examples, hashes)
            split = split_rows(rows, listing.declared_splits, settings)
            doomed = split.problems or (faults and settings.unreadable == "refuse")
            unseen = 0 < len(undecoded) == len(hashes)
            if keep_at and unseen and not doomed and cache.open(split, keep_at) is None:
                findings = cache.fill(split, keep_at)
                kept = None if any(findings) else split
            else:
                suspects = set(undecoded)
                findings = cache.check([row for row in rows if row.example.origin in suspects])
            faults |= findings.faults
            hashes = {path: digest for path, digest in hashes.items() if path not in faults}
            known.remember_decoded(hashes, findings.undecided)
    return Examined(_rows(listing.examples, hashes), faults, known.extremes(hashes), kept)


def _rows(examples: Sequence[Example], hashes: Mapping[Path, str]) -> list[Row]:
    """One row for each example in memory, and for each example whose file has a hash."""
    rows = []
    for example in examples:
        if not isinstance(example.origin, Path):
            digest = _sha256(repr(example.origin.shape).encode() + example.origin.tobytes())
            rows.append(Row(example, digest, digest))
        elif group := hashes.get(example.origin):
            rows.append(Row(example, _sha256(f"{group} {example.box}".encode()) if example.box else group, group))
    return rows


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def unreadable(faults: Mapping[Path, str], root: Path | None) -> list[Unusable]:
    """Faults of files, with their paths within the data set, which are the same on every machine."""
    return [Unusable("unreadable files", shown(path, root), reason) for path, reason in sorted(faults.items())]


def in_lines(unusable: Sequence[Unusable]) -> list[str]:
    """One line for each kind of damage, with the names grouped by their reason."""
    kinds: dict[str, dict[str, list[str]]] = {}
    for fault in unusable:
        kinds.setdefault(fault.kind, {}).setdefault(fault.reason, []).append(fault.name)
    return [
        f"{kind} ({sum(map(len, names_of.values()))}): {', '.join(map(_with_reason, names_of.values(), names_of))}"
        for kind, names_of in kinds.items()
    ]


def _with_reason(names: Sequence[str], reason: str) -> str:
    return f"{named(names)} ({reason})" if reason else named(names)
