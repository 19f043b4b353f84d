"""Decoding of image files to uint8 RGB squares.

It uses Pillow only. Pillow's wheels contain libjpeg-turbo, so `draft` (the JPEG decoder leaves out frequencies that a
smaller image cannot show) is as fast as specialised decoders, and takes a quarter of the total time at 12 megapixels.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from search.data.depth import (
    SIXTEEN_BITS,
    PixelRange,
    Undecided,
    colour_in_8_bits,
    colour_layout,
    grey_in_8_bits,
    is_deep_grey,
)
from search.data.examples import Box
from search.data.signatures import CONVERT, RAW, foreign_kind, kind_of
from search.data.wholeness import TRUNCATED, fault

Fit = Literal["stretch", "crop"]
Region = tuple[float, float, float, float]

# Pillow's limit is global, and up to twice its value it only warns; `max_pixels` is checked instead.
Image.MAX_IMAGE_PIXELS = None

# Pillow's warnings, mostly about EXIF data, name no file. `search.data.wholeness` checks for missing pixels instead.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SUBFILE_TYPE, _SUB_FILES, _DNG_VERSION = 254, 330, 50706  # TIFF tags
_BITS, _PLANAR, _SEPARATE = 258, 284, 2


class Unreadable(Exception):
    """These bytes cannot be decoded to an image; the message has the reason."""


def decode(
    content: bytes,
    boxes: Sequence[Box | None],
    size: int,
    fit: Fit,
    max_pixels: int,
    pixel_range: PixelRange | None = SIXTEEN_BITS,
) -> npt.NDArray[np.uint8]:
    """One image for each box (None: the whole image), uint8 (len(boxes), size, size, 3), upright, on white.

    pixel_range  range of images with more than 8 bits per channel; if it is None, such images raise Undecided

    Raises Unreadable for anything but a complete image of at most `max_pixels`, which is checked before decoding.
    """

    def squares(image: ImageFile.ImageFile) -> npt.NDArray[np.uint8]:
        width, height = image.size
        whole = Box(0, 0, width, height, width, height)
        reduction = min(_reduction(box or whole, width, height, size) for box in boxes)
        image.draft(None, (math.ceil(width / reduction), math.ceil(height / reduction)))
        stored = _rgb(image, content, pixel_range)  # this loads the image, so that its orientation is known
        shown = _shown((width, height), stored, _orientation(image))
        return np.stack([_square_of(shown, box, size, fit) for box in boxes])

    return _read(content, max_pixels, squares)


def whole_image(
    content: bytes, max_pixels: int, pixel_range: PixelRange | None = SIXTEEN_BITS
) -> npt.NDArray[np.uint8]:
    """The image at its full size, uint8 (H, W, 3), upright, on white. Raises as `decode`."""

    def whole(image: ImageFile.ImageFile) -> npt.NDArray[np.uint8]:
        stored = _rgb(image, content, pixel_range)
        return np.asarray(_shown(image.size, stored, _orientation(image)).upright)

    return _read(content, max_pixels, whole)


def _read(
    content: bytes, max_pixels: int, read: Callable[[ImageFile.ImageFile], npt.NDArray[np.uint8]]
) -> npt.NDArray[np.uint8]:
    """What `read` makes of the opened image. Raises Unreadable as `decode` says."""
    if reason := fault(content):
        raise Unreadable(reason)
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
            if width * height > max_pixels:
                limit = f"at most {max_pixels:,} pixels are allowed (data.max_pixels)"
                raise Unreadable(f"{width} x {height} pixels; {limit}")
            if reason := _tiff_fault(image, content):
                raise Unreadable(reason)
            return read(image)
    except (Unreadable, Undecided, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise Unreadable(kind_of(content)) from error
    except Exception as error:  # on damaged files, decoders raise all kinds of exceptions
        raise Unreadable(_reason(error, content)) from error


def _reason(error: Exception, content: bytes) -> str:
    """Why the decoder failed. Pillow has several messages for a file that ends too early."""
    said = str(error) or type(error).__name__
    early = "truncated" in said.lower() or isinstance(error, EOFError | struct.error)
    return f"{TRUNCATED}: the file ends before its image does" if early else foreign_kind(content) or said


def fit_pixels(pixels: npt.NDArray[np.uint8], size: int, fit: Fit) -> npt.NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3) as uint8 (size, size, 3)."""
    image = Image.fromarray(pixels).convert("RGB")
    return _square(image, (0, 0, *image.size), size, fit)


def _tiff_fault(image: ImageFile.ImageFile, content: bytes) -> str | None:
    """Why Pillow would decode this TIFF wrongly without an error; None for other files.

    A raw camera file is a TIFF that begins with a small preview. In a 16-bit TIFF with separate colour planes, Pillow
    reads each byte as a pixel.
    """
    if image.format != "TIFF":
        return None
    tags = getattr(image, "tag_v2", {})
    reduced = bool(tags.get(_SUBFILE_TYPE, 0) & 1) and _SUB_FILES in tags
    if reduced or _DNG_VERSION in tags or content.startswith(b"CR", 8):
        return f"a raw camera file (a kind of TIFF): {RAW}"
    if tags.get(_PLANAR) == _SEPARATE and max(tags.get(_BITS, (1,))) > 8:
        return f"a TIFF of more than 8 bits per channel with separate colour planes: {CONVERT}"
    return None


def _reduction(box: Box, width: int, height: int, size: int) -> float:
    """The largest factor, at least 1, to shrink an image so that the shorter side of `box` keeps `size` pixels."""
    scale = min(width, height) / min(box.width, box.height)
    return max(1.0, min(box.right - box.left, box.bottom - box.top) * scale / size)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 (upright) if there is none, or if the EXIF data are damaged."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (struct.error, KeyError, SyntaxError, TypeError, ValueError):
        return 1


def _rgb(image: ImageFile.ImageFile, content: bytes, pixel_range: PixelRange | None) -> Image.Image:
    """Load an image of any mode as 8-bit RGB, with transparency on white."""
    layout = colour_layout(image)
    image.load()
    loaded: Image.Image = image
    if layout:
        loaded = colour_in_8_bits(image, content, layout, pixel_range)
    elif is_deep_grey(image):
        loaded = grey_in_8_bits(image, pixel_range)
    if loaded.has_transparency_data:
        loaded = loaded.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", loaded.size, "white"), loaded).convert("RGB")
    return loaded if loaded.mode == "RGB" else loaded.convert("RGB")


class _Shown(NamedTuple):
    """An RGB image as stored and upright, and the operation between the two; `size` is its size before reduction."""

    size: tuple[int, int]
    stored: Image.Image
    upright: Image.Image
    operation: Image.Transpose | None


def _shown(size: tuple[int, int], stored: Image.Image, orientation: int) -> _Shown:
    operation = UPRIGHT.get(orientation)
    return _Shown(size, stored, stored if operation is None else stored.transpose(operation), operation)


def _square_of(shown: _Shown, box: Box | None, size: int, fit: Fit) -> npt.NDArray[np.uint8]:
    """One box, or the whole image, as (size, size, 3). Raises Unreadable if the box is for another image shape."""
    stored, upright = shown.stored, shown.upright
    if box is None:
        return _square(upright, (0, 0, *upright.size), size, fit)
    if _same_shape(box, upright):
        return _square(upright, scaled(box, upright), size, fit)
    if shown.operation is not None and _same_shape(box, stored):
        square = Image.fromarray(_square(stored, scaled(box, stored), size, fit))
        return np.asarray(square.transpose(shown.operation))
    width, height = shown.size
    raise Unreadable(f"{width} x {height} pixels, but its annotations are for {box.width} x {box.height}")


def _same_shape(box: Box, image: Image.Image) -> bool:
    """Whether `box` was annotated on an image with this aspect ratio, at any scale (tolerance 2%, for rounding)."""
    return abs(box.width * image.height / (box.height * image.width) - 1) < 0.02


def scaled(box: Box, image: Image.Image) -> Region:
    """`box` in this image's pixels. It is clipped, because Pillow refuses boxes that rounding moves over the edge."""
    across, down = image.width / box.width, image.height / box.height
    right, bottom = min(box.right * across, image.width), min(box.bottom * down, image.height)
    return box.left * across, box.top * down, right, bottom


def _square(image: Image.Image, region: Region, size: int, fit: Fit) -> npt.NDArray[np.uint8]:
    """`region` of an RGB image, or its centre square, resized to (size, size, 3); bilinear with antialiasing."""
    left, top, right, bottom = region
    if fit == "crop":
        margin = (right - left) - (bottom - top)
        left, right = left + max(margin, 0) / 2, right - max(margin, 0) / 2
        top, bottom = top + max(-margin, 0) / 2, bottom - max(-margin, 0) / 2
    shrunk = image.resize((size, size), Image.Resampling.BILINEAR, (left, top, right, bottom), reducing_gap=2.0)
    return np.asarray(shrunk)
