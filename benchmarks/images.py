"""Generated images for benchmarks without a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

JPEG_SIZE = (512, 384)


def write_images(folder: Path, classes: int, images: int) -> None:
    """Write JPEG files of 512 x 384 px, as detailed as photographs, in one folder per class."""
    random = np.random.default_rng(0)
    for number in range(images):
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize(JPEG_SIZE, Image.Resampling.BICUBIC), dtype=np.int16)
        noisy = (smooth + random.integers(-12, 13, smooth.shape)).clip(0, 255).astype(np.uint8)
        target = folder / f"class_{number % classes}" / f"{number}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy).save(target, quality=90)
