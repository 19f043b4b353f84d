"""How much lower test scores are if images that belong together stay in one split.

    python -m benchmarks.optimism --data FOLDER [FOLDER ...] [--series FOLDER ...] [--seeds 5]

Each FOLDER has a folder of images for each class. The same cut is trained on the training split and scored once on the
test split, after its last epoch, for two kinds of splits: with `data.near_copies=warn`, near copies may be in different
splits; with `group`, they stay in one. Each seed is a seed of the split and of the training.

In a folder of `--series`, the files are numbered in the order in which they were taken, and each person shows the
classes in their order. A new person begins where the class of the next number does not come after the one before. So
persons are groups (`data.groups`) of the second kind of split, beside near copies.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.depth_profile import environment
from benchmarks.one_training import CPU, alone, exits_of, named
from benchmarks.recipes import BACKBONE, CUT
from search.data.dataset import Dataset, open_dataset
from search.data.examples import SPLITS
from search.data.sources.folder import read_folder
from search.errors import BadInput
from search.settings.data import DataSettings
from search.settings.recipe import Recipe
from search.settings.search import load
from search.statistics.intervals import over_seeds
from search.system.commands import exit_with_status, positive
from search.training.plan import TrainingData

GROUP = "person"
NUMBER = re.compile(r"\d+")


def persons(files: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The person on each file, from pairs of file name and class. The last number in the name tells the order."""
    numbered = sorted((int(NUMBER.findall(Path(name).stem)[-1]), class_name, name) for name, class_name in files)
    found: dict[str, str] = {}
    before, person = "", 0
    for _, class_name, name in numbered:
        if class_name <= before:
            person += 1
        found[name] = f"{GROUP} {person}"
        before = class_name
    return found


def write_persons(folder: Path, table: Path) -> None:
    """Write a CSV file with the columns path, label and person, for a folder of classes."""
    listing = read_folder(DataSettings(source="folder", path=folder))
    files = [(str(each.origin), each.class_name) for each in listing.examples]
    if nameless := [name for name, _ in files if not NUMBER.search(Path(name).stem)]:
        raise BadInput("no series can be read", [f"{name}: expected a number in the name" for name in nameless[:10]])
    person_on = persons(files)
    with table.open("w", newline="", encoding="utf-8") as written:
        rows = csv.writer(written)
        rows.writerow(("path", "label", GROUP))
        rows.writerows((os.path.relpath(name, table.parent), label, person_on[name]) for name, label in files)


def score(dataset: Dataset, options: argparse.Namespace, seed: int) -> float:
    """Train the cut on the training split: macro F1 on the test split."""
    (cut,) = named([options.cut], exits_of(BACKBONE, options.image_size, len(dataset.classes)))
    train, test = (dataset.arrays(split, options.image_size) for split in ("train", "test"))
    return alone(cut, TrainingData(train, test), Recipe(epochs=options.epochs), seed).f1_macro[options.cut]


def leaked(dataset: Dataset, unit_of: Mapping[str, str]) -> int:
    """How many test images have an image of their unit in the training split."""
    seen = {unit_of[each.name] for each in dataset.examples("train")}
    return sum(unit_of[each.name] in seen for each in dataset.examples("test"))


def compare(folder: Path, series: bool, options: argparse.Namespace, made: Path) -> None:
    """Print the scores of both kinds of splits for each seed, and their difference."""
    data = DataSettings(source="folder", path=folder)
    if series:
        table = made / f"{folder.name}.csv"
        write_persons(folder, table)
        data = DataSettings(source="csv", path=table)
    differences = []
    for seed in range(options.seeds):
        free = data.model_copy(update={"split_seed": seed, "near_copies": "warn"})
        kept = free.model_copy(update={"near_copies": "group", "groups": GROUP if series else None})
        apart, together = (
            open_dataset(each, options.cache_dir, image_sizes=[options.image_size], progress=False)
            for each in (free, kept)
        )
        unit_of = {
            each.name: unit
            for split in SPLITS
            for each, unit in zip(together.examples(split), together.groups(split), strict=True)
        }
        free_score, kept_score = (score(each, options, seed) for each in (apart, together))
        differences.append(free_score - kept_score)
        print(
            f"{folder.name} seed {seed}: macro F1 on test {free_score:.3f} without groups, where "
            f"{leaked(apart, unit_of)} of {len(apart.examples('test'))} test images have a relative in the training "
            f"split; {kept_score:.3f} with groups ({leaked(together, unit_of)} of {len(together.examples('test'))})",
            flush=True,
        )
    mean = over_seeds(differences)
    print(
        f"{folder.name}: without groups the score is {mean.mean:+.3f} higher "
        f"(95% t interval over {len(differences)} seeds: {mean.low:+.3f} to {mean.high:+.3f})",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimism", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="image folders, with one folder per class")
    parser.add_argument(
        "--series", type=Path, nargs="*", default=[], help="such folders whose file numbers tell persons"
    )
    parser.add_argument("--seeds", type=positive, default=5, help="seeds of split and training (default: 5)")
    parser.add_argument("--image-size", type=positive, default=64, help="side of the images in px (default: 64)")
    parser.add_argument("--epochs", type=positive, default=24, help="epochs of each training (default: 24)")
    parser.add_argument("--cut", default=CUT, help=f"cut of {BACKBONE} (default: {CUT})")
    parser.add_argument("--cache-dir", type=Path, default=load().cache_dir, help="folder of decoded images")
    options = parser.parse_args(arguments)
    if not options.data and not options.series:
        parser.error("name a folder with --data or --series")
    print(", ".join(f"{name} {value}" for name, value in environment(CPU).items()))
    with tempfile.TemporaryDirectory() as made:
        for folder in (*options.data, *options.series):
            compare(folder, folder in options.series, options, Path(made))


if __name__ == "__main__":
    exit_with_status(main)
