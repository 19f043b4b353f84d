from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

Paint = Callable[..., Path]


def noise(number: int, size: tuple[int, int]) -> Image.Image:
    """An image of `size` (width, height) that no other number has."""
    width, height = size
    pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def paint() -> Paint:
    """Write an image of noise to a path, in the format of its suffix; returns the path."""

    def write(
        path: Path,
        number: int = 0,
        size: tuple[int, int] = (20, 16),
        mode: str = "RGB",
        orientation: int = 1,
        **save: Any,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        noise(number, size).convert(mode).save(path, exif=exif, **save)
        return path

    return write


@pytest.fixture
def image_folder(tmp_path: Path, paint: Paint) -> Callable[[Mapping[str, int]], Path]:
    """Fill a folder with so many distinct images below each name, JPEG and PNG in turn."""

    def fill(images: Mapping[str, int]) -> Path:
        root = tmp_path / "images"
        number = 0
        for folder, count in images.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for _ in range(count):
                number += 1
                paint(root / folder / f"{number}.{'jpg' if number % 2 else 'png'}", number)
        return root

    return fill


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"
