"""An image folder: one folder a class, or those inside of train, validation and test."""

from __future__ import annotations

import os
from pathlib import Path

from search.data.arrays import SplitName
from search.data.examples import Example, Listing, named
from search.data.sources.paths import is_ignored, path_problems
from search.settings import DataSettings

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
    """Every file below each class folder. Whether they are pictures is found when they are decoded."""
    path = settings.path
    problems = path_problems(path, "folder", "one folder of pictures a class, alone or inside of train, val and test")
    if problems or path is None:
        return Listing("folder", problems=problems)
    listing = Listing(path.resolve().name)
    try:
        _read(path, listing)
    except OSError as error:
        listing.problems.append(f"{error.filename} cannot be read: {error.strerror}")
    return listing


def _read(path: Path, listing: Listing) -> None:
    folders = _folders(path)
    splits = [folder for folder in folders if folder.name.casefold() in SPLIT_SPELLINGS]
    if splits and len(splits) == len(folders):
        _read_splits(splits, path, listing)
    elif mixed := [folder.name for folder in splits if _folders(folder)]:
        others = [folder.name for folder in folders if folder not in splits]
        listing.problems.append(
            f"{path} holds splits ({named(mixed)}) beside other folders ({named(others)}): "
            "expected splits alone or classes alone"
        )
    else:
        _read_classes(path, None, path, listing)


def _read_splits(folders: list[Path], root: Path, listing: Listing) -> None:
    folder_of: dict[SplitName, Path] = {}
    for folder in folders:
        split = SPLIT_SPELLINGS[folder.name.casefold()]
        if split in folder_of:
            listing.problems.append(f"{folder_of[split]} and {folder} are both the {split} split: keep one of them")
            continue
        folder_of[split] = folder
        _read_classes(folder, split, root, listing)


def _read_classes(path: Path, split: SplitName | None, root: Path, listing: Listing) -> None:
    folders = _folders(path)
    if not folders:
        files = len(_files(path))
        listing.problems.append(
            f"{path} has no class folders, only {files} files: expected one folder of pictures a class"
        )
        return
    if split is None and len(folders) == 1 and len(_folders(folders[0])) > 1:
        listing.problems.append(f"{path} holds nothing but {folders[0].name}: is {folders[0]} meant?")
    listing.classes[split] = {folder.name for folder in folders}
    for folder in folders:
        listing.examples += [Example(name, folder.name, file, split) for name, file in _files_below(folder, root)]
    if loose := [file.name for file in _files(path)]:
        where = f" of {split}" if split else ""
        listing.warnings.append(f"files{where} in no class folder ({len(loose)}) are not used: {named(loose)}")


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not is_ignored(entry.name))


def _files(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if not entry.is_dir() and not is_ignored(entry.name))


def _files_below(folder: Path, root: Path) -> list[tuple[str, Path]]:
    """Each file with its name within `root`, sorted by name."""
    files = []
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not is_ignored(name)]
        below = Path(parent).relative_to(root)
        files += [(f"{below}/{name}", Path(parent, name)) for name in names if not is_ignored(name)]
    return sorted(files)


def _refuse(error: OSError) -> None:
    """os.walk leaves out what it cannot list unless told otherwise."""
    raise error
