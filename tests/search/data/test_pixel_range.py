from __future__ import annotations

import numpy as np
import pytest

from search.data.depth import Extremes, PixelRange
from search.data.pixel_range import decide, doubt


@pytest.mark.parametrize(
    ("most", "white"),
    [(1, 255), (255, 255), (256, 1023), (1023, 1023), (1024, 4095), (4095, 4095), (4096, 16383), (16384, 65535)],
)
def test_the_largest_integer_of_all_files_says_how_many_bits_there_are(most: int, white: int) -> None:
    decision = decide([Extremes(0, 9, integers=True), Extremes(5, most, integers=True)], "auto")
    assert decision.pixel_range == PixelRange(0, max(white, 255))
    assert decision.problems == []
    assert len(decision.warnings) == (white != 65535)


def test_without_deep_images_there_is_nothing_to_decide() -> None:
    for wanted in ("auto", (0, 4095)):
        decision = decide([], wanted)
        assert (decision.pixel_range, decision.warnings, decision.problems) == (None, [], [])


def test_floating_point_from_0_to_1() -> None:
    decision = decide([Extremes(0.1, 0.9, integers=False)], "auto")
    assert decision.pixel_range == PixelRange(0, 1)
    (warning,) = decision.warnings
    assert warning.startswith("images of more than 8 bits (1) hold values from 0.1 to 0.9: 0 is used as black and 1 ")


@pytest.mark.parametrize(
    "found",
    [
        [Extremes(-1, 300, integers=True)],
        [Extremes(0, 65536, integers=True)],
        [Extremes(0, 255.5, integers=False)],
        [Extremes(-0.1, 1, integers=False)],
        [Extremes(0, 1, integers=False), Extremes(0, 1, integers=True)],
    ],
)
def test_a_doubtful_range_is_refused_unless_it_is_named(found: list[Extremes]) -> None:
    decision = decide(found, "auto")
    (problem,) = decision.problems
    assert "the values of black and white are unknown; name them with --set data.pixel_range=[BLACK, W" in problem
    named = decide(found, (-1, 300))
    assert (named.pixel_range, named.warnings, named.problems) == (PixelRange(-1, 300), [], [])


def image(value: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((4, 4, 3), value, dtype=np.uint8)


@pytest.mark.parametrize(
    ("most", "decoded", "pixel_range", "said"),
    [
        (4095, 15, PixelRange(0, 65535), "its largest value is 4,095, so it is nearly black in the model's range of "),
        (60000, 255, PixelRange(0, 4095), "its largest value is 60,000, so it is nearly white in the model's range "),
        (0.9, 0, PixelRange(0, 4095), "its largest value is 0.9, so it is nearly black"),
        (60000, 99, PixelRange(0, 4095), None),  # a few pixels that are too bright
        (5000, 255, PixelRange(0, 4095), None),  # overexposed
        (5000, 19, PixelRange(0, 65535), None),  # dark
    ],
)
def test_an_image_of_another_range_than_the_models(
    most: float, decoded: int, pixel_range: PixelRange, said: str | None
) -> None:
    reason = doubt(Extremes(0, most, integers=True), image(decoded), pixel_range)
    assert (reason is None) if said is None else (reason or "").startswith(said)
