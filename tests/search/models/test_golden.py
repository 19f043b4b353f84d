from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search.data.dataset import open_dataset
from search.data.examples import Box, Example
from search.errors import BadInput
from search.models.deployed import CPU, of_network
from search.models.golden import GOLDEN_FILE, content_of, read_golden, read_input, spread_over_classes, write_golden
from search.models.sources import Source
from search.settings.search import Settings


def test_every_class_comes_first_before_one_comes_twice() -> None:
    assert spread_over_classes([0, 0, 0, 2, 1, 2], 4) == [0, 4, 3, 1]
    assert spread_over_classes([1, 0], 6) == [1, 0]


@pytest.fixture
def folder(source: Source, settings: Settings, tmp_path: Path) -> Path:
    """Of an export, as far as golden pictures are concerned."""
    dataset = open_dataset(settings.data, settings.cache_dir, image_sizes=[32], progress=False)
    original = of_network(source.network, source.description, CPU)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.onnx").touch()
    write_golden(tmp_path / "out", dataset, original, ("onnx", "model.onnx", 1e-4))
    return tmp_path / "out"


def test_pictures_are_the_files_and_what_the_network_gets(
    folder: Path, source: Source, settings: Settings, images: Path
) -> None:
    dataset = open_dataset(settings.data, settings.cache_dir, image_sizes=[32], progress=False)
    validation, golden = dataset.arrays("validation", 32), read_golden(folder)
    files = {path.read_bytes(): path.parent.name for path in images.rglob("*.png")}
    assert golden.classes == ("class0", "class1", "class2")
    assert [each.label for each in golden.pictures] == ["class0", "class1", "class2"] * 2
    for each in golden.pictures:
        assert files[(folder / each.picture).read_bytes()] == each.label
        assert (validation.images == read_input(folder / each.input)).all(axis=(1, 2, 3)).sum() == 1
    inputs = np.stack([read_input(folder / each.input) for each in golden.pictures])
    answers = of_network(source.network, source.description, CPU).run(inputs)
    assert golden.probabilities == pytest.approx(answers, abs=6e-7)
    assert all(value == round(value, 6) for each in golden.pictures for value in each.probabilities)
    assert (golden.tolerance, golden.picture_tolerance) == (1e-4, 0.02)


def test_pixels_and_boxes_become_files(tmp_path: Path) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    suffix, content = content_of(Example("digit", "a", pixels))
    assert suffix == ".png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), pixels)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    stored = np.random.default_rng(0).integers(0, 256, (20, 10, 3), dtype=np.uint8)
    Image.fromarray(stored).save(tmp_path / "turned.png", exif=exif)
    box = Box(left=2, top=1, right=6, bottom=4, width=20, height=10)
    suffix, content = content_of(Example("part", "a", tmp_path / "turned.png", box=box))
    assert suffix == ".png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), np.rot90(stored, -1)[1:4, 2:6])


def test_what_is_missing_is_said_at_once(folder: Path, tmp_path: Path) -> None:
    (folder / "golden" / "input-2.png").unlink()
    (folder / "model.onnx").unlink()
    with pytest.raises(BadInput) as caught:
        read_golden(folder)
    assert len(caught.value.problems) == 2
    assert "model.onnx: no such file; copy the whole folder of the export" in str(caught.value)
    with pytest.raises(BadInput, match="expected the folder of an export"):
        read_golden(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tolerance": "much"}, "tolerance: Input should be a valid number"),
        ({"pictures": []}, "pictures: "),
        ({"classes": ["one", "two"]}, "3 probabilities for 2 classes"),
        ({"file": "../model.onnx"}, "'../model.onnx' is outside the folder"),
        ({"file": "/model.onnx"}, "'/model.onnx' is outside the folder"),
    ],
)
def test_a_damaged_list_is_refused(folder: Path, change: dict[str, Any], reason: str) -> None:
    content = json.loads((folder / GOLDEN_FILE).read_text())
    (folder / GOLDEN_FILE).write_text(json.dumps(content | change))
    with pytest.raises(BadInput, match=reason):
        read_golden(folder)
    (folder / GOLDEN_FILE).write_bytes(b"\xff{")
    with pytest.raises(BadInput, match="not text"):
        read_golden(folder)
