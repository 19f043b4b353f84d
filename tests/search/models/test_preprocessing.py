from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from search.data.decode import Fit, decode
from search.models.classifier import Images
from search.models.preprocessing import from_input, from_picture

SIZE = 16
ANTIALIAS = "it is resized without antialiasing"
BGR = "the channels are BGR instead of RGB"
UNIT = "the values are 0 to 1 (or normalised) instead of 0 to 255"
EXIF = "the orientation in the EXIF data is ignored"
MIDDLE = "the middle is cut out, instead of stretching the whole picture"
WHOLE = "the whole picture is stretched, instead of cutting out the middle"


@pytest.fixture
def pixels() -> Images:
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


@pytest.fixture
def path(pixels: Images, tmp_path: Path) -> Path:
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


@pytest.mark.parametrize("fit", ["stretch", "crop"])
def test_without_an_error_it_is_what_training_gets(path: Path, fit: Fit) -> None:
    (expected,) = decode(path.read_bytes(), [None], SIZE, fit, 10**6)
    assert np.abs(from_picture(path, SIZE, fit)[()].astype(int) - expected).max() <= 1


def test_the_errors_are_those_of_other_programs(path: Path, pixels: Images) -> None:
    made = from_picture(path, SIZE, "stretch")
    floats = torch.tensor(pixels).permute(2, 0, 1)[None].float()
    rough = torch.nn.functional.interpolate(floats, (SIZE, SIZE), mode="bilinear")[0].permute(1, 2, 0)
    assert np.abs(made[ANTIALIAS,] - rough.numpy()).max() <= 1
    assert np.array_equal(made[ANTIALIAS, BGR], made[ANTIALIAS,][..., ::-1])
    assert np.array_equal(made[BGR,], made[()][..., ::-1])
    assert made[UNIT,].max() <= 1
    nearest = made["it is resized by nearest neighbour",]
    assert np.array_equal(nearest[0, 0], pixels[1, 1])  # the middle of the first 2.5 rows and 3.75 columns
    (middle,) = decode(path.read_bytes(), [None], SIZE, "crop", 10**6)
    assert np.abs(made[MIDDLE,].astype(int) - middle).max() <= 1
    (whole,) = decode(path.read_bytes(), [None], SIZE, "stretch", 10**6)
    assert np.abs(from_picture(path, SIZE, "crop")[WHOLE,].astype(int) - whole).max() <= 1


def test_the_orientation_can_be_ignored(pixels: Images, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    made = from_picture(tmp_path / "turned.png", SIZE, "stretch")
    assert np.abs(made[()].astype(int) - made[EXIF,][::-1, ::-1]).max() <= 1
    assert not np.array_equal(made[()], made[EXIF,])


def test_an_input_can_only_have_the_errors_that_come_after_resizing() -> None:
    image = np.full((SIZE, SIZE, 3), (0, 254, 255), np.uint8)
    made = from_input(image)
    assert list(made) == [(), (UNIT,), (BGR,), (BGR, UNIT)]
    assert made[BGR, UNIT][0, 0].tolist() == [1, 0, 0]
    assert made[()] is image
