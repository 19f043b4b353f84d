from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from search.report.plot import png
from search.report.style import study_styles


def pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def count(image: NDArray[np.uint8], colour: str) -> int:
    return int((image == np.round(np.multiply(to_rgb(colour), 255))).all(axis=2).sum())


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_image_shows_both_studies(two_studies: Any) -> None:
    image = pixels(png(two_studies.compare()))
    assert image.shape == (800, 1200, 3)
    for style in study_styles(["elimination", "scratch"]).values():
        assert count(image, style.colour) > 30


@pytest.mark.parametrize("parameters", [1, 5000, 10**15])
def test_a_single_network_is_a_image(records: Any, parameters: int) -> None:
    records.study("scratch")
    records.trial("scratch", 0.5, parameters)
    assert pixels(png(records.compare())).shape == (800, 1200, 3)


def test_many_networks_from_tiny_to_huge(records: Any) -> None:
    records.study("elimination")
    for power in range(1, 40):
        records.trial("elimination", power / 40, 2**power, candidate=records.cut(f"blocks.{power}"))
    assert pixels(png(records.compare())).shape == (800, 1200, 3)


def test_a_dollar_sign_starts_no_formula(records: Any) -> None:
    records.study("scratch $x_{")
    records.trial("scratch $x_{", 0.5, 1000, candidate=records.cut("$\\frac{"))
    assert pixels(png(records.compare())).shape == (800, 1200, 3)
