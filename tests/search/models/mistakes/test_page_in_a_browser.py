"""The links of the matrix as a browser follows them: what they hide is a matter of style, which no text shows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

from search.models.mistakes.page import page
from search.models.mistakes.pictures import picture
from tests.search.models.mistakes.test_page import mistakes
from tests.systems import BROWSER, needs_browser


def colours(address: str, tmp_path: Path) -> tuple[int, int]:
    """How many red and blue pixels a window shows."""
    shot = tmp_path / "shot.png"
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1200,2400", f"--screenshot={shot}", address,
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    with Image.open(shot) as image:
        red, green, blue = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    return int(((red > 200) & (green < 50) & (blue < 50)).sum()), int(((blue > 200) & (green < 50) & (red < 50)).sum())


@needs_browser
def test_a_link_hides_the_mistakes_of_other_pairs(tmp_path: Path) -> None:
    red, blue = (np.full((128, 128, 3), colour, dtype=np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    file = tmp_path / "mistakes.html"
    found = mistakes(["cup", "jug"], [0, 1], [1, 0])
    file.write_text(page(found, [picture(red), picture(blue)], "no maps"), encoding="utf-8")
    both = colours(file.as_uri(), tmp_path)
    assert min(both) > 1000
    assert colours(f"{file.as_uri()}#p0-1", tmp_path) == (both[0], 0)
    assert colours(f"{file.as_uri()}#p1-0", tmp_path) == (0, both[1])
    assert colours(f"{file.as_uri()}#all", tmp_path) == both
