"""Conversion of images with more than 8 bits per channel ("deep" images) to 8 bits.

A file states how many bits its numbers have, but not how many of them are used: a 12-bit camera writes 16-bit files
whose largest value is 4095, and floating-point numbers have no largest value. As long as the values of black and white
are not decided, such an image raises `Undecided` with its extremes. `search.data.pixel_range` decides for a whole data
set.

Pillow returns all bits of grey images, but only the upper 8 bits of each colour. The lower 8 bits come from decoding
the file a second time with the opposite byte order.
"""

from __future__ import annotations

import io
import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile


class PixelRange(NamedTuple):
    """The values of black and white."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:,.10g} to {self.high:,.10g}"


SIXTEEN_BITS = PixelRange(0, 65535)  # the full range of 16 bits, which PNG, TIFF and PGM define for 16-bit files


class Extremes(NamedTuple):
    """The smallest and the largest value of an image, and whether its values are integers."""

    least: float
    most: float
    integers: bool


class Undecided(Exception):
    """An image has more than 8 bits per channel, and its values of black and white are not decided."""

    def __init__(self, extremes: Extremes) -> None:
        self.extremes = extremes
        super().__init__(f"more than 8 bits per channel, values from {extremes.least:g} to {extremes.most:g}")


# Pillow's names of the layouts of 16-bit colour, and the layout that reads the lower bytes instead of the upper ones.
_SWAPPED = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGBX;16B": "RGBX;16L",
    "RGBX;16L": "RGBX;16B",
    "RGBA;16B": "RGBA;16L",
    "RGBA;16L": "RGBA;16B",
    "LA;16B": "RGBA",  # all four bytes of a pixel in order
}
_UPPER_BYTES_ALONE = ("RGBa;16B", "RGBa;16L", "CMYK;16B", "CMYK;16L")
_NATIVE = ";16L" if sys.byteorder == "little" else ";16B"
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF tags
_WHITE_IS_ZERO, _UNSIGNED, _SIGNED = 0, (1,), (2,)


def colour_layout(image: ImageFile.ImageFile) -> str | None:
    """The layout of 16-bit colour in the file; None for any other image. Call it before the image is loaded."""
    if not image.tile:
        return None
    codec, _, _, arguments = image.tile[0]
    if codec == "ppm" and arguments == ("RGB", SIXTEEN_BITS.high):  # Pillow would read it pixel by pixel, to 8 bits
        image.tile = [image.tile[0]._replace(codec_name="raw", args=("RGB;16B", 0, 1))]
        return "RGB;16B"
    layout = _layout(arguments)
    return layout if layout in _SWAPPED or layout in _UPPER_BYTES_ALONE else None


def _layout(arguments: Any) -> str:
    """The raw mode in the arguments of a Pillow decoder; libtiff returns numbers in the machine's byte order."""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first.replace(";16N", _NATIVE) if isinstance(first, str) else ""


def is_deep_grey(image: Image.Image) -> bool:
    """Whether this is a grey image of over 8 bits, integers (I) or floating point (F), or of signed 8-bit integers."""
    return image.mode.startswith(("I", "F")) or _is_signed_byte(image)


def _is_signed_byte(image: Image.Image) -> bool:
    """Whether the pixels are signed bytes, which Pillow reads as unsigned bytes."""
    return image.format == "TIFF" and image.mode == "L" and _tags(image).get(_SAMPLE_FORMAT) == _SIGNED


def _tags(image: Image.Image) -> Any:
    return getattr(image, "tag_v2", {})


def grey_in_8_bits(image: Image.Image, pixel_range: PixelRange | None) -> Image.Image:
    """A loaded deep grey image, converted to 256 levels.

    Raises Undecided without a pixel range, and ValueError if some values are not finite.
    """
    values = _numbers(image)
    integers = values.dtype.kind != "f"
    if not integers and not np.isfinite(values).all():
        raise ValueError("some of its values are not finite numbers (NaN or infinity)")
    if pixel_range is None:
        raise Undecided(Extremes(float(values.min()), float(values.max()), integers))
    levels = _levels(values, pixel_range, integers)
    return Image.fromarray(255 - levels if _tags(image).get(_PHOTOMETRIC) == _WHITE_IS_ZERO else levels)


def _numbers(image: Image.Image) -> npt.NDArray[Any]:
    """The numbers of the file; numbers with 12 declared bits are scaled to 16 bits."""
    values, tags = np.asarray(image), _tags(image)
    if _is_signed_byte(image):
        return values.view(np.int8)
    if image.mode == "I" and tags.get(_BITS) == (32,) and tags.get(_SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED:
        return values.view(np.uint32)  # Pillow reads the highest bit as a sign
    return values << 4 | values >> 8 if tags.get(_BITS) == (12,) else values


def colour_in_8_bits(image: Image.Image, content: bytes, layout: str, pixel_range: PixelRange | None) -> Image.Image:
    """A loaded image of 16-bit colour from the file `content`, converted to 256 levels.

    Raises Undecided without a pixel range, and ValueError for layouts whose lower bytes cannot be read but are needed.
    """
    upper = np.asarray(image)
    if pixel_range is None:
        inks = upper if image.mode == "CMYK" else upper[..., :3]  # transparency may use all bits even if colours do not
        most = int(inks.max())
        raise Undecided(Extremes(0, most * 256 + 255, integers=True))
    if pixel_range == SIXTEEN_BITS:
        return image
    if layout in _UPPER_BYTES_ALONE:
        what = "inks (CMYK)" if image.mode == "CMYK" else "colours multiplied by their transparency"
        raise ValueError(f"16 bits per channel for {what}, with values in {pixel_range}: convert it to 8 bits")
    values = upper.astype(np.uint16) << 8 | _lower_bytes(content, layout)
    return Image.fromarray(_levels(values, pixel_range, integers=True))


def _lower_bytes(content: bytes, layout: str) -> npt.NDArray[np.uint8]:
    """uint8 (H, W, 3 or 4), the shape of the upper bytes."""
    with Image.open(io.BytesIO(content)) as image:
        assert isinstance(image, ImageFile.ImageFile)
        colour_layout(image)
        swapped = _SWAPPED[layout]
        image.tile = [
            tile._replace(args=swapped if isinstance(tile.args, str) else (swapped, *(tile.args or ())[1:]))
            for tile in image.tile
        ]
        lower = np.asarray(image)
    return lower[..., [1, 1, 1, 3]] if layout == "LA;16B" else lower


def _levels(values: npt.NDArray[Any], pixel_range: PixelRange, integers: bool) -> npt.NDArray[np.uint8]:
    """uint8: `pixel_range` in 256 equal steps (the upper 8 bits, for full 16 bits); values outside are clipped."""
    low, high = pixel_range
    steps = 256 / (high - low + integers)
    levels: npt.NDArray[np.uint8] = np.clip((values.astype(np.float32) - low) * steps, 0, 255).astype(np.uint8)
    return levels
