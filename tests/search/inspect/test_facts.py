from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from search.data.arrays import Arrays
from search.data.examples import Box, Example
from search.inspect.facts import image_facts, smallest_class


def test_sizes_of_files_boxes_and_pixels(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20)).save(tmp_path / "wide.png")
    examples = [
        Example("wide", "a", tmp_path / "wide.png"),
        Example("box", "a", tmp_path / "wide.png", box=Box(0, 0, 40, 20, 80, 40)),
        Example("pixels", "a", np.zeros((20, 40), dtype=np.uint8)),
    ]
    images = np.stack([np.full((8, 8, 3), value, dtype=np.uint8) for value in (0, 255, 255)])
    facts = image_facts(examples, [Arrays(images, np.zeros(3, dtype=np.int64))])
    assert (facts.width.median, facts.height.median, facts.aspect_ratio.median) == (40, 20, 2)
    assert np.isclose(facts.brightness.median, 1)
    assert 0 <= facts.brightness.low < 0.2


def test_what_the_smallest_class_can_tell() -> None:
    said = smallest_class({"cat": 30, "dog": 50}, {"cat": 10, "dog": 15})
    assert said.startswith("The smallest class is 'cat', with 30 training and 10 validation images.")
    assert "9 of the 10" in said
    assert "0.55 to 1.00" in said


def test_a_class_without_validation_images_cannot_be_measured() -> None:
    assert smallest_class({"cat": 3}, {}).endswith("Its score cannot be measured.")
