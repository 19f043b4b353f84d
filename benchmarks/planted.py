"""How many planted near copies are found, and what else is taken for a near copy.

    python -m benchmarks.planted --data FOLDER [FOLDER ...] [--seeds 3] [--json]

Each FOLDER has a folder of images for each class. For each seed, 80 near copies are added to a temporary copy of it, 20
of each kind: saved as JPEG of quality 60, cropped by 4% at each edge, turned by 3 degrees, and 10% brighter. A group
that holds no planted copy is a group of the folder itself: it is listed with its files, for a person to look at.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageEnhance

from search.data.cache import ImageCache
from search.data.copy_search import find_copies
from search.data.examination import examine
from search.data.sources.folder import read_folder
from search.data.units import joined
from search.settings.data import DataSettings
from search.system.commands import exit_with_status, positive

EACH = 20
EDGE = 0.04
DEGREES = 3
QUALITY = 90  # of every copy but those of the kind "jpeg"


def _cropped(image: Image.Image) -> Image.Image:
    across, down = round(EDGE * image.width), round(EDGE * image.height)
    return image.crop((across, down, image.width - across, image.height - down))


KINDS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg": lambda image: image,
    "crop": _cropped,
    "turn": lambda image: image.rotate(DEGREES, resample=Image.Resampling.BICUBIC),
    "bright": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
}


@dataclass(frozen=True)
class Planted:
    """A near copy, its original, and its kind."""

    original: str
    copy: str
    kind: str


@dataclass(frozen=True)
class Outcome:
    """What the search for near copies gave.

    found     planted copies that are in the group of their original, by kind
    mixed     groups in which planted copies stand with files that are neither their original nor in its group without
              them
    others    groups without a planted copy, each with its files
    seconds   CPU seconds, decoding included
    """

    folder: str
    seed: int
    images: int
    planted: int
    found: dict[str, int]
    mixed: list[list[str]]
    others: list[list[str]]
    seconds: float


def plant_copies(source: Path, target: Path, seed: int) -> list[Planted]:
    """Copy a folder of classes and add near copies beside their originals."""
    shutil.copytree(source, target)
    files = sorted(path for path in target.glob("*/*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chosen = random.Random(seed).sample(files, EACH * len(KINDS))
    planted = []
    for number, file in enumerate(chosen):
        kind = list(KINDS)[number % len(KINDS)]
        copy = file.with_name(f"planted-{number:03}-{kind}.jpg")
        with Image.open(file) as image:
            KINDS[kind](image.convert("RGB")).save(copy, quality=60 if kind == "jpeg" else QUALITY)
        planted.append(Planted(str(file.relative_to(target)), str(copy.relative_to(target)), kind))
    return planted


def groups_of(folder: Path, cache: Path) -> tuple[int, list[set[str]]]:
    """The number of images in a folder, and its groups of equal files and near copies, as paths."""
    settings = DataSettings(source="folder", path=folder)
    images = ImageCache(cache, settings, progress=False)
    found = examine(read_folder(settings), settings, images, None)
    members: defaultdict[str, set[str]] = defaultdict(set)
    unit_of = joined((pair.one, pair.other) for pair in find_copies(found.rows, settings, images))
    for row in found.rows:
        members[unit_of.get(row.group, row.group)].add(row.example.name)
    return len(found.rows), [group for group in members.values() if len(group) > 1]


def measure(source: Path, seed: int) -> Outcome:
    """Plant copies in a folder and look for them."""
    with tempfile.TemporaryDirectory() as made:
        _, before = groups_of(source, Path(made) / "before")
        target = Path(made) / "planted"
        planted = plant_copies(source, target, seed)
        started = time.process_time()
        images, groups = groups_of(target, Path(made) / "after")
        seconds = time.process_time() - started
    copies = {each.copy for each in planted}
    group_of = {name: group for group in groups for name in group}
    found = Counter(each.kind for each in planted if each.original in group_of.get(each.copy, ()))
    same = {frozenset(group) for group in before}
    apart = [group for group in groups if group & copies]
    return Outcome(
        folder=source.name,
        seed=seed,
        images=images,
        planted=len(planted),
        found={kind: found[kind] for kind in KINDS},
        mixed=[sorted(group) for group in apart if not _expected(group - copies, same)],
        others=sorted(sorted(group) for group in groups if not group & copies),
        seconds=seconds,
    )


def _expected(originals: set[str], before: set[frozenset[str]]) -> bool:
    """Whether the files of a group that are not planted are one file, or were a group before."""
    return len(originals) == 1 or frozenset(originals) in before


def in_words(outcome: Outcome) -> str:
    """One line for an outcome."""
    kinds = ", ".join(f"{kind} {count}" for kind, count in outcome.found.items())
    return (
        f"{outcome.folder} seed {outcome.seed}: {sum(outcome.found.values())} of {outcome.planted} planted copies "
        f"found ({kinds}); {len(outcome.mixed)} groups join other files; {len(outcome.others)} groups without a "
        "planted copy; "
        f"{outcome.images:,} images, {outcome.seconds:.1f} CPU s"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted", description=__doc__)
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="FOLDER", help="folders of classes")
    parser.add_argument("--seeds", type=positive, default=3, metavar="N", help="number of seeds (default: 3)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    options = parser.parse_args(arguments)
    outcomes = []
    for folder in options.data:
        for seed in range(options.seeds):
            outcomes.append(measure(folder, seed))
            print(in_words(outcomes[-1]), flush=True, file=sys.stderr if options.json else sys.stdout)
        if not options.json:
            for group in outcomes[-1].others:
                print(f"  {' = '.join(group)}")
    if options.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return 0


if __name__ == "__main__":
    exit_with_status(main)
