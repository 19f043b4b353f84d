"""The depth of a pixel: every kind of file becomes 256 levels, or says that its range has to be decided."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from search.data.decode import Unreadable, decode
from search.data.depth import SIXTEEN_BITS, Extremes, PixelRange, Undecided
from tests.search.data.encoded import WHITE_IS_ZERO, Pixels, png16, pnm, saved, tiff

TWELVE_BITS = PixelRange(0, 4095)
LIMIT = 10**6
BLACK, GREY, WHITE = 0, 128, 255


def bars(black: float, grey: float, white: float, kind: str) -> Pixels:
    """Three broad upright bars of 8 x 8 values each."""
    return np.repeat(np.array([black, grey, white]), 8)[None].repeat(8, axis=0).astype(kind)


def thrice(values: Pixels) -> Pixels:
    return np.repeat(values[..., None], 3, axis=2)


def levels(content: bytes, pixel_range: PixelRange | None = SIXTEEN_BITS) -> list[list[int]]:
    """RGB of the middle of each bar."""
    (pixels,) = decode(content, [None], 24, "stretch", LIMIT, pixel_range)
    found: list[list[int]] = pixels[12, [4, 12, 20]].tolist()
    return found


def grey_levels(content: bytes, pixel_range: PixelRange | None = SIXTEEN_BITS) -> list[int]:
    found = levels(content, pixel_range)
    assert all(len(set(channels)) == 1 for channels in found)
    return [channels[0] for channels in found]


def extremes(content: bytes) -> Extremes:
    with pytest.raises(Undecided) as caught:
        decode(content, [None], 24, "stretch", LIMIT, None)
    return caught.value.extremes


def bilevel() -> Image.Image:
    return Image.fromarray(bars(0, 255, 255, "u1")).convert("1", dither=Image.Dither.NONE)


EIGHT = Image.fromarray(bars(0, 128, 255, "u1"))
OF_8_BITS_AT_MOST: dict[str, tuple[bytes, list[int]]] = {
    "1 bit PNG": (saved(bilevel(), "PNG"), [BLACK, WHITE, WHITE]),
    "1 bit TIFF": (saved(bilevel(), "TIFF"), [BLACK, WHITE, WHITE]),
    "1 bit PBM": (saved(bilevel(), "PPM"), [BLACK, WHITE, WHITE]),
    "8 bit PNG": (saved(EIGHT, "PNG"), [BLACK, GREY, WHITE]),
    "8 bit TIFF": (saved(EIGHT, "TIFF"), [BLACK, GREY, WHITE]),
    "8 bit TIFF, white is zero": (tiff(bars(255, 127, 0, "u1"), photometric=WHITE_IS_ZERO), [BLACK, GREY, WHITE]),
    "8 bit PGM": (saved(EIGHT, "PPM"), [BLACK, GREY, WHITE]),
    "PGM whose header says 100": (pnm(bars(0, 50, 100, "u1"), 100), [BLACK, GREY, WHITE]),
    "palette": (saved(EIGHT.convert("P"), "PNG"), [BLACK, GREY, WHITE]),
    "grey with alpha": (saved(EIGHT.convert("LA"), "PNG"), [BLACK, GREY, WHITE]),
    "RGB with alpha": (saved(EIGHT.convert("RGBA"), "PNG"), [BLACK, GREY, WHITE]),
    "CMYK TIFF": (saved(EIGHT.convert("RGB").convert("CMYK"), "TIFF"), [BLACK, GREY, WHITE]),
}


@pytest.mark.parametrize("name", OF_8_BITS_AT_MOST)
@pytest.mark.parametrize("pixel_range", [None, SIXTEEN_BITS, TWELVE_BITS])
def test_of_8_bits_at_most_no_range_matters(name: str, pixel_range: PixelRange | None) -> None:
    content, expected = OF_8_BITS_AT_MOST[name]
    assert grey_levels(content, pixel_range) == expected


def alpha(values: Pixels, opaque: int) -> Pixels:
    """With a channel of transparency that lets nothing through."""
    colour = values[..., None] if values.ndim == 2 else values
    return np.concatenate([colour, np.full((*values.shape[:2], 1), opaque, values.dtype)], axis=2)


def of_16(most: int) -> dict[str, bytes]:
    """Files of 16 bits whose values use those up to `most`: black, the level 128 of 256, white."""
    half = (most + 1) // 2
    up, down = bars(0, half, most, "u2"), bars(most, most - half, 0, "u2")
    return {
        "PNG": png16(up),
        "PNG in colour": png16(thrice(up)),
        "PNG, grey with alpha": png16(alpha(up, 65535)),
        "PNG in colour with alpha": png16(alpha(thrice(up), 65535)),
        "PGM": pnm(up, 65535),
        "PPM": pnm(thrice(up), 65535),
        "TIFF": tiff(up),
        "TIFF of the other byte order": tiff(up, order=">"),
        "TIFF, white is zero": tiff(down, photometric=WHITE_IS_ZERO),
        "TIFF in colour": tiff(thrice(up)),
        "TIFF in colour of the other byte order": tiff(thrice(up), order=">"),
        "TIFF in colour with alpha": tiff(alpha(thrice(up), 65535)),
        "compressed TIFF": saved(Image.fromarray(up), "TIFF", compression="tiff_lzw"),
        "TIFF of signed numbers": tiff(up.astype("i4")),
        "TIFF of 32 bits": tiff(up.astype("u4")),
        "TIFF of floating point": tiff(up.astype("f4")),
    }


@pytest.mark.parametrize("most", [255, 1023, 4095, 16383, 65535])
@pytest.mark.parametrize("name", of_16(1023))
def test_of_16_bits_the_range_decides(name: str, most: int) -> None:
    content = of_16(most)[name]
    found = grey_levels(content, PixelRange(0, most))
    assert found == ([0, 128, 255] if "floating" not in name else [0, (most + 1) // 2 * 256 // most, 255])
    assert extremes(content).most == most


def test_a_range_that_is_too_wide_makes_dark_images() -> None:
    assert grey_levels(of_16(4095)["PNG"]) == [0, 2048 // 256, 4095 // 256]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (tiff(bars(-5, 0, 70_000, "i4")), Extremes(-5, 70_000, integers=True)),
        (tiff(bars(-5, 0, 700, "i2")), Extremes(-5, 700, integers=True)),
        (tiff(bars(-128, 0, 127, "i1")), Extremes(-128, 127, integers=True)),
        (tiff(bars(7, 8, 2**32 - 1, "u4")), Extremes(7, 2**32 - 1, integers=True)),
        (tiff(bars(0.25, 0.5, 1, "f4")), Extremes(0.25, 1, integers=False)),
        (tiff(bars(0.25, 0.5, 1, "f4"), order=">"), Extremes(0.25, 1, integers=False)),
        (saved(Image.fromarray(bars(-1, 0, 1, "f4")), "PPM"), Extremes(-1, 1, integers=False)),
        (png16(alpha(thrice(bars(0, 9, 300, "u2")), 65535)), Extremes(0, 511, integers=True)),  # by the upper bytes
    ],
)
def test_what_is_found_where_nothing_is_decided(content: bytes, found: Extremes) -> None:
    assert extremes(content) == found


@pytest.mark.parametrize(
    ("values", "pixel_range", "expected"),
    [
        (bars(-1000, 0, 999, "i2"), PixelRange(-1000, 999), [0, 128, 255]),
        (bars(-128, 0, 127, "i1"), PixelRange(-128, 127), [0, 128, 255]),
        (bars(-5000, 0, 5000, "i2"), PixelRange(-1000, 999), [0, 128, 255]),  # beyond both ends
        (bars(0, 2**31, 2**32 - 1, "u4"), PixelRange(0, 2**32 - 1), [0, 128, 255]),
        (bars(0, 0.5, 1, "f4"), PixelRange(0, 1), [0, 128, 255]),
        (bars(-2, 1, 4, "f4"), PixelRange(-2, 4), [0, 128, 255]),
    ],
)
def test_any_range_can_be_named(values: npt.NDArray[Any], pixel_range: PixelRange, expected: list[int]) -> None:
    assert grey_levels(tiff(values), pixel_range) == expected


def test_white_is_zero_in_floating_point() -> None:
    content = tiff(bars(1, 0.5, 0, "f4"), photometric=WHITE_IS_ZERO)
    assert grey_levels(content, PixelRange(0, 1)) == [0, 127, 255]


@pytest.mark.parametrize(
    "content", [tiff(bars(0, 2048, 4095, "u2"), bits=12), pnm(bars(0, 2048, 4095, "u2"), 4095)], ids=["TIFF", "PGM"]
)
def test_a_file_that_declares_12_bits_needs_no_decision(content: bytes) -> None:
    assert extremes(content).most == 65535
    assert grey_levels(content) == [0, 128, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(Unreadable, match=r"not finite numbers \(NaN or infinity\)"):
        levels(tiff(bars(0, value, 1, "f4")), None)


def test_colours_keep_their_places() -> None:
    red_green_blue = np.zeros((8, 24, 3), dtype=np.uint16)
    for channel in range(3):
        red_green_blue[:, 8 * channel : 8 * channel + 8, channel] = 4095
    for content in (png16(red_green_blue), tiff(red_green_blue), pnm(red_green_blue, 65535)):
        assert levels(content, TWELVE_BITS) == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_16_bits_in_separate_planes_are_refused() -> None:
    planes = 284, 3, 1, 2
    with pytest.raises(Unreadable, match="a TIFF of more than 8 bits per channel with separate colour planes"):
        levels(tiff(thrice(bars(0, 9, 65535, "u2")), extra=(planes,)))


def test_transparent_pixels_of_16_bits_are_put_on_white() -> None:
    clear = alpha(thrice(bars(0, 0, 0, "u2")), 0)
    assert grey_levels(png16(clear), TWELVE_BITS) == [255, 255, 255]
