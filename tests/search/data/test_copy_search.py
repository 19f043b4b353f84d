from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from search.data import copy_search
from search.data.dataset import Dataset, open_dataset
from search.data.examples import SPLITS
from search.errors import BadInput
from search.settings.data import DataSettings
from tests.search.data.test_near_copies import scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of twelve scenes, and a turned copy of one in the other class."""
    root = tmp_path / "scenes"
    for number in range(24):
        file = root / "ab"[number % 2] / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        scene(number).save(file)
    scene(0).rotate(2, resample=Image.Resampling.BICUBIC).save(root / "b" / "copy.png")
    return root


def opened(folder: Path, cache_dir: Path, **changes: Any) -> Dataset:
    settings = DataSettings.model_validate({"source": "folder", "path": folder, **changes})
    return open_dataset(settings, cache_dir, image_sizes=[16], progress=False)


def split_of(dataset: Dataset, name: str) -> str:
    (found,) = [split for split in SPLITS for example in dataset.examples(split) if example.name == name]
    return found


def test_near_copies_are_found_kept_together_and_said(folder: Path, cache_dir: Path) -> None:
    for seed in range(4):
        dataset = opened(folder, cache_dir, split_seed=seed)
        assert split_of(dataset, "a/00.png") == split_of(dataset, "b/copy.png")
    assert dataset.warnings == (
        "near copies: 2 images in 1 groups; they stay in one split (data.near_copies=group)",
        "near copies with different classes (1): a/00.png [a] ~ b/copy.png [b]",
    )


def test_rows_belong_to_their_images_after_the_split_has_changed(folder: Path, tmp_path: Path) -> None:
    """The images are decoded in the order of a first split, before near copies are known."""
    seeds = range(4)
    for seed in seeds:
        there = opened(folder, tmp_path / f"cache {seed}", split_seed=seed)
        assert len(list((tmp_path / f"cache {seed}").glob("*.npy"))) == 1
        again = opened(folder, tmp_path / "other", split_seed=seed)
        for split in SPLITS:
            one, other = there.arrays(split, 16), again.arrays(split, 16)
            assert (one.images == other.images).all()
            for example, image in zip(there.examples(split), one.images, strict=True):
                assert isinstance(example.origin, Path)
                alone = Image.open(example.origin).resize((16, 16), Image.Resampling.BILINEAR, reducing_gap=2.0)
                assert abs(float(image[..., 0].mean()) - float(sum(alone.tobytes()) / 256)) < 1


def test_they_are_searched_once(folder: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = opened(folder, cache_dir)
    monkeypatch.setattr(copy_search, "near_copies", lambda thumbnails: pytest.fail("searched again"))
    assert opened(folder, cache_dir).fingerprint == before.fingerprint
    (stored,) = cache_dir.glob("near-copies-*.json")
    monkeypatch.undo()
    stored.write_text("[[", encoding="utf-8")
    assert opened(folder, cache_dir).fingerprint == before.fingerprint


def test_off_is_the_split_of_earlier_versions_and_looks_for_nothing(
    folder: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned = opened(folder, cache_dir, near_copies="warn")
    monkeypatch.setattr(copy_search, "near_copies", lambda thumbnails: pytest.fail("searched"))
    off = opened(folder, cache_dir / "empty", near_copies="off")
    assert off.fingerprint == warned.fingerprint
    assert off.warnings == ()
    assert len(warned.warnings) == 2


def test_corrections_are_part_of_the_fingerprint(folder: Path, cache_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "corrections.csv"
    prints = {opened(folder, cache_dir).fingerprint}
    for action in ("keep", "relabel", "drop"):
        file.write_text(f"file,given,proposed,action\nb/copy.png,b,a,{action}\n", encoding="utf-8")
        prints.add(opened(folder, cache_dir, corrections=file).fingerprint)
    assert len(prints) == 3  # what is kept is no change


def test_all_problems_are_said_at_once(folder: Path, cache_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        opened(folder, cache_dir, corrections=tmp_path / "none.csv", groups="pupil")
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "data.corrections",
        "data.groups is 'pupil', but a folder has no columns",
    ]
