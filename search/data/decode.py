"""Encoded pictures of any kind to uint8 RGB squares.

Pillow alone: since its wheels carry libjpeg-turbo, `draft` (which lets the JPEG decoder leave out frequencies that a
smaller picture cannot show) is as fast as specialised decoders and costs a quarter of the whole at 12 megapixels.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, UnidentifiedImageError

from search.data.examples import Box

Fit = Literal["stretch", "crop"]
Region = tuple[float, float, float, float]

# Pillow's own limit is one for the whole process and only warns up to twice its value; `max_pixels` is checked instead.
Image.MAX_IMAGE_PIXELS = None

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNED = frozenset({5, 6, 7, 8})  # orientations that swap width and height


class Unreadable(Exception):
    """These bytes give no picture; the message says why."""


def decode(content: bytes, boxes: Sequence[Box | None], size: int, fit: Fit, max_pixels: int) -> npt.NDArray[np.uint8]:
    """One picture for each box (None: all of it): uint8 (len(boxes), size, size, 3), upright, on white.

    Raises Unreadable for anything but a whole picture of at most `max_pixels`, which is checked before decoding.
    """
    if not content:
        raise Unreadable("the file is empty")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return _decode(picture, boxes, size, fit, max_pixels)
    except (Unreadable, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise Unreadable("not a picture") from error
    except Exception as error:  # on damaged files, decoders raise whatever they stumble over
        raise Unreadable(str(error) or type(error).__name__) from error


def fit_pixels(pixels: npt.NDArray[np.uint8], size: int, fit: Fit) -> npt.NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3) as uint8 (size, size, 3)."""
    picture = Image.fromarray(pixels).convert("RGB")
    return _square(picture, (0, 0, *picture.size), size, fit)


def _decode(
    picture: Image.Image, boxes: Sequence[Box | None], size: int, fit: Fit, max_pixels: int
) -> npt.NDArray[np.uint8]:
    width, height = picture.size
    if width * height > max_pixels:
        raise Unreadable(f"{width} x {height} pixels; at most {max_pixels:,} in all are allowed (data.max_pixels)")
    reduction = min(_reduction(box or Box(0, 0, width, height, width, height), width, height, size) for box in boxes)
    picture.draft(None, (math.ceil(width / reduction), math.ceil(height / reduction)))
    picture.load()  # only now does a TIFF know that it has been turned already
    stored = _rgb(picture)
    operation = UPRIGHT.get(_orientation(picture))
    upright = stored.transpose(operation) if operation is not None else stored
    squares = []
    for box in boxes:
        if box is None:
            squares.append(_square(upright, (0, 0, *upright.size), size, fit))
        elif _same_shape(box, upright):
            squares.append(_square(upright, _scaled(box, upright), size, fit))
        elif operation is not None and _same_shape(box, stored):
            square = Image.fromarray(_square(stored, _scaled(box, stored), size, fit))
            squares.append(np.asarray(square.transpose(operation)))
        else:
            raise Unreadable(f"{width} x {height} pixels, but its annotations are for {box.width} x {box.height}")
    return np.stack(squares)


def _reduction(box: Box, width: int, height: int, size: int) -> float:
    """By how much a picture may shrink so that the shorter side of `box` still has `size` pixels; at least 1."""
    scale = min(width, height) / min(box.width, box.height)
    return max(1.0, min(box.right - box.left, box.bottom - box.top) * scale / size)


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation; 1 (upright) where there is none, or the EXIF data are damaged, unlike the pixels."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (struct.error, KeyError, SyntaxError, TypeError, ValueError):
        return 1


def _rgb(picture: Image.Image) -> Image.Image:
    """Any mode as RGB: transparency on white, 16 bits to 8."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.mode in ("I", "F"):
        raise Unreadable("32 bits a pixel, whose range is unknown: convert it to 8 or 16 bits")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _same_shape(box: Box, picture: Image.Image) -> bool:
    """Whether `box` was annotated on a picture of this shape, perhaps at another scale (2 % for rounding)."""
    return abs(box.width * picture.height / (box.height * picture.width) - 1) < 0.02


def _scaled(box: Box, picture: Image.Image) -> Region:
    """`box` in this picture's pixels; rounding must not carry it over the edge, which Pillow refuses."""
    across, down = picture.width / box.width, picture.height / box.height
    right, bottom = min(box.right * across, picture.width), min(box.bottom * down, picture.height)
    return box.left * across, box.top * down, right, bottom


def _square(picture: Image.Image, region: Region, size: int, fit: Fit) -> npt.NDArray[np.uint8]:
    """`region` of an RGB picture, or the centre square of it, at (size, size, 3); bilinear with antialiasing."""
    left, top, right, bottom = region
    if fit == "crop":
        margin = (right - left) - (bottom - top)
        left, right = left + max(margin, 0) / 2, right - max(margin, 0) / 2
        top, bottom = top + max(-margin, 0) / 2, bottom - max(-margin, 0) / 2
    shrunk = picture.resize((size, size), Image.Resampling.BILINEAR, (left, top, right, bottom), reducing_gap=2.0)
    return np.asarray(shrunk)
