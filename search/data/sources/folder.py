"""An image folder: one folder per class, directly or inside train, validation and test. Links are followed."""

from __future__ import annotations

from pathlib import Path

from search.data.arrays import SplitName
from search.data.examples import Example, Listing, Unusable, named
from search.data.files import fault_of, leads_nowhere
from search.data.names import readable
from search.data.sources.paths import path_problems, shown
from search.data.sources.walking import Walk
from search.settings.data import DataSettings

SPLIT_SPELLINGS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


def read_folder(settings: DataSettings) -> Listing:
    """Every file below each class folder. Files that are not images are reported later, when they are decoded."""
    path = settings.path
    problems = path_problems(path, "folder", "one folder of images per class, alone or inside train, val and test")
    if problems or path is None:
        return Listing("folder", problems=problems)
    listing = Listing(readable(path.resolve().name))
    walk = Walk(path)
    _read(path, walk, listing)
    if walk.refused:  # the listing is incomplete
        listing.problems = [f"{readable(str(folder))} cannot be read: {why}" for folder, why in walk.refused.items()]
    listing.warnings += walk.notes()
    return listing


def _read(path: Path, walk: Walk, listing: Listing) -> None:
    folders, _ = walk.entries(path)
    splits = [folder for folder in folders if folder.name.casefold() in SPLIT_SPELLINGS]
    if splits and len(splits) == len(folders):
        _read_splits(splits, walk, path, listing)
    elif mixed := [folder.name for folder in splits if walk.entries(folder)[0]]:
        others = [readable(folder.name) for folder in folders if folder not in splits]
        listing.problems.append(
            f"{readable(str(path))} holds splits ({named(mixed)}) beside other folders ({named(others)}): "
            "expected splits alone or classes alone"
        )
    else:
        _read_classes(path, None, walk, path, listing)


def _read_splits(folders: list[Path], walk: Walk, root: Path, listing: Listing) -> None:
    folder_of: dict[SplitName, Path] = {}
    for folder in folders:
        split = SPLIT_SPELLINGS[folder.name.casefold()]
        if split in folder_of:
            listing.problems.append(f"{folder_of[split]} and {folder} are both the {split} split: keep one of them")
            continue
        folder_of[split] = folder
        _read_classes(folder, split, walk, root, listing)


def _read_classes(path: Path, split: SplitName | None, walk: Walk, root: Path, listing: Listing) -> None:
    folders, files = walk.entries(path)
    if not folders:
        passed_over = "".join(f"; {note}" for note in walk.notes())
        listing.problems.append(
            f"{readable(str(path))} has no class folders, only {len(files)} files: "
            f"expected one folder of images per class{passed_over}"
        )
        return
    if split is None and len(folders) == 1 and len(walk.entries(folders[0])[0]) > 1:
        only = readable(folders[0].name)
        listing.problems.append(
            f"{readable(str(path))} contains only {only}: did you mean {readable(str(folders[0]))}?"
        )
    listing.classes[split] = {folder.name for folder in folders}
    above = len(root.parts)
    for folder in folders:
        listing.examples += [
            Example(readable("/".join(file.parts[above:])), folder.name, file, split)
            for file in walk.files_below(folder)
        ]
    _mention(files, split, root, listing)


def _mention(files: list[Path], split: SplitName | None, root: Path, listing: Listing) -> None:
    """Report files beside the class folders, which are not used. A broken link may have been a class folder."""
    broken = list(filter(leads_nowhere, files))
    kind = "broken links beside the class folders"
    listing.unusable += [Unusable(kind, shown(file, root), fault_of(file) or "") for file in broken]
    if loose := [readable(file.name) for file in files if file not in broken]:
        where = f" of {split}" if split else ""
        listing.warnings.append(f"files{where} in no class folder ({len(loose)}) are not used: {named(loose)}")
