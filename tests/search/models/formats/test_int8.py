from __future__ import annotations

import numpy as np
import pytest

from search.models.formats.int8 import CALIBRATED_ON, calibration_images


@pytest.mark.parametrize("count", [CALIBRATED_ON, 2 * CALIBRATED_ON - 1, 2000])
def test_the_calibration_is_spread_over_all_training_images(count: int) -> None:
    chosen = calibration_images(np.arange(count).reshape(count, 1, 1, 1))  # type: ignore[arg-type]
    numbers = chosen.ravel().tolist()
    assert len(set(numbers)) == CALIBRATED_ON >= 200
    assert (numbers[0], numbers[-1]) == (0, count - 1)
    assert np.ptp(np.diff(numbers)) <= 1


def test_all_images_are_taken_if_they_are_few() -> None:
    few = np.arange(30, dtype=np.uint8).reshape(30, 1, 1, 1)
    assert calibration_images(few).ravel().tolist() == list(range(30))
