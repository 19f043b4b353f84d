from __future__ import annotations

import argparse
import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from search.data.dataset import Dataset, open_dataset
from search.errors import BadInput
from search.models.original_data import open_images
from search.models.sources import Source
from search.settings.data import DataSettings
from search.settings.options import OF_TRAINING, add_arguments
from search.settings.search import load
from tests.search.data.encoded import png16

SHARES = {"test_share": 0.3, "validation_share": 0.25, "split_seed": 5}


def listed(root: Path) -> Path:
    """A CSV file that lists the images of a folder."""
    file = root / "labels.csv"
    with file.open("w", newline="") as target:
        rows = [(path.relative_to(root), path.parent.name) for path in sorted(root.rglob("*.png"))]
        csv.writer(target).writerows([("path", "label"), *rows])
    return file


@pytest.fixture
def labels(images: Path, tmp_path: Path) -> Path:
    return listed(Path(shutil.copytree(images, tmp_path / "pictures")))


@pytest.fixture
def moved(images: Path, tmp_path: Path) -> Path:
    """The same list, elsewhere."""
    return listed(Path(shutil.copytree(images, tmp_path / "moved")))


@pytest.fixture
def searched_with(labels: Path, tmp_path: Path) -> Dataset:
    data = DataSettings.model_validate({"source": "csv", "path": labels, **SHARES})
    return open_dataset(data, tmp_path / "cache", progress=False)


@pytest.fixture
def of_list(source: Source, searched_with: Dataset) -> Source:
    """A model whose study was made with a list and other shares than the default."""
    provenance = source.description.provenance.model_copy(update={"data": searched_with.describe()})
    description = source.description.model_copy(update={"provenance": provenance})
    stored = {"data": searched_with.settings.model_dump(mode="json")}
    return dataclasses.replace(source, description=description, settings=stored)


def opened(source: Source, tmp_path: Path, *options: str) -> Dataset:
    parser = argparse.ArgumentParser()
    add_arguments(parser, without=OF_TRAINING)
    return open_images(source, load(parser.parse_args([*options, "--set", f"cache_dir={tmp_path / 'cache'}"])))


def test_what_is_set_changes_nothing_else_of_the_studys_data(
    of_list: Source, searched_with: Dataset, moved: Path, tmp_path: Path
) -> None:
    for options in (
        [],
        ["--data-dir", str(moved)],
        ["--set", f"data.path={moved}"],
        ["--set", f"data.path={moved}", "--set", "data.source=csv"],
        ["--set", "data.unreadable=skip"],
    ):
        found = opened(of_list, tmp_path, *options)
        assert (found.fingerprint, found.counts) == (searched_with.fingerprint, searched_with.counts)
        assert found.settings.path == (moved if str(moved) in " ".join(options) else searched_with.settings.path)
        assert found.settings.unreadable == ("skip" if "data.unreadable=skip" in options else "refuse")


def test_an_environment_that_names_the_folder_is_a_bare_one(
    of_list: Source, searched_with: Dataset, moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(moved))
    assert opened(of_list, tmp_path).fingerprint == searched_with.fingerprint


def test_another_split_is_refused(of_list: Source, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"is not the data set that the model of scratch/0 was trained on .* splits"):
        opened(of_list, tmp_path, "--set", "data.test_share=0.2")


def test_the_description_of_a_folder_knows_that_it_was_a_list(of_list: Source, moved: Path, tmp_path: Path) -> None:
    alone = dataclasses.replace(of_list, settings={})
    shares = [option for key, value in SHARES.items() for option in ("--set", f"data.{key}={value}")]
    found = opened(alone, tmp_path, "--data-dir", str(moved), *shares)
    assert found.settings.source == "csv"


def test_deep_images_are_read_in_the_models_range(source: Source, tmp_path: Path) -> None:
    for name in source.description.classes:
        (tmp_path / "deep" / name).mkdir(parents=True)
        for number in range(5):
            values = np.random.default_rng(number).integers(0, 1000, (16, 16)).astype(np.uint16) + len(name)
            (tmp_path / "deep" / name / f"{name}{number}.png").write_bytes(png16(values + ord(name[-1])))
    data = DataSettings.model_validate({"source": "folder", "path": tmp_path / "deep", "pixel_range": (0, 2047)})
    described = open_dataset(data, tmp_path / "cache", progress=False).describe()
    taken = source.description.input.model_copy(update={"pixel_range": (0, 2047)})
    provenance = source.description.provenance.model_copy(update={"data": described})
    description = source.description.model_copy(update={"provenance": provenance, "input": taken})
    deep = dataclasses.replace(source, description=description, settings={})
    found = opened(deep, tmp_path, "--data-dir", str(tmp_path / "deep"))
    assert found.describe()["pixel_range"] == [0, 2047]
    assert found.fingerprint == described["fingerprint"]


def test_unknown_images_are_those_of_the_search_or_none(
    of_list: Source, searched_with: Dataset, unknown_images: Path, tmp_path: Path
) -> None:
    named = ("--set", f"data.unknown={unknown_images}")
    assert opened(of_list, tmp_path, *named).fingerprint == searched_with.fingerprint, "the search had none"

    data = searched_with.settings.model_copy(update={"unknown": unknown_images})
    described = open_dataset(data, tmp_path / "cache", progress=False).describe()
    provenance = of_list.description.provenance.model_copy(update={"data": described})
    description = of_list.description.model_copy(update={"provenance": provenance})
    with_some = dataclasses.replace(of_list, description=description)
    assert opened(with_some, tmp_path, *named).unknown_counts == described["unknown"]
    with pytest.raises(BadInput, match=r"had images of no class: name their folder with --set data\.unknown=FOLDER"):
        opened(with_some, tmp_path)
