from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import ExifTags, Image

from search.data.decode import Unreadable, decode, fit_pixels
from search.data.examples import Box

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
LIMIT = 10**6


def quadrants(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green / blue, white: an image that shows which side is up."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **save: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **save)
    return file.getvalue()


def square(content: bytes, size: int = 16, box: Box | None = None, fit: Any = "stretch") -> npt.NDArray[np.uint8]:
    (pixels,) = decode(content, [box], size, fit, LIMIT)
    return np.asarray(pixels)


def corners(pixels: npt.NDArray[np.uint8]) -> list[tuple[int, ...]]:
    """Top left, top right, bottom left, bottom right, each channel rounded to 0, 128 or 255."""
    inside = pixels[[1, 1, -2, -2], [1, -2, 1, -2]].astype(int)
    return [tuple(min(255, 128 * round(value / 128)) for value in pixel) for pixel in inside.tolist()]


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    return tags


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF"])
def test_common_formats(kind: str) -> None:
    assert corners(square(encoded(quadrants(), kind))) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("P", "PNG"), ("RGBA", "PNG"), ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "TIFF"), ("RGB", "JPEG")],
)
def test_colour_modes_keep_their_colours(mode: str, kind: str) -> None:
    assert corners(square(encoded(quadrants().convert(mode), kind))) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(("mode", "kind"), [("L", "JPEG"), ("L", "PNG"), ("LA", "PNG"), ("1", "PNG")])
def test_grey_modes_become_three_equal_channels(mode: str, kind: str) -> None:
    image = Image.new("L", (20, 20), 255)
    image.paste(0, (0, 0, 20, 10))
    pixels = square(encoded(image.convert(mode), kind))
    assert corners(pixels) == [(0, 0, 0), (0, 0, 0), WHITE, WHITE]
    assert (pixels == pixels[..., :1]).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_the_upper_eight(kind: str) -> None:
    values = np.full((8, 8), 300 * 256 // 2, dtype=np.uint16)
    assert (square(encoded(Image.fromarray(values), kind), 8) == 300 // 2).all()


def test_sixteen_bits_of_other_byte_order() -> None:
    values = np.full((8, 8), 77 * 256, dtype=">u2")
    assert (square(encoded(Image.frombytes("I;16B", (8, 8), values.tobytes()), "TIFF"), 8) == 77).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_put_on_white(mode: str) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode)
    assert (square(encoded(image, "TIFF" if mode == "PA" else "PNG"), 8) == 255).all()


def test_a_transparent_palette_colour_is_put_on_white() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    assert (square(encoded(image, transparency=0), 8) == 255).all()


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_undone(orientation: int, expected: list[tuple[int, ...]], kind: str) -> None:
    assert corners(square(encoded(quadrants(), kind, exif=exif(orientation)))) == expected


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_exif_data_do_not_make_a_image_unreadable() -> None:
    content = encoded(quadrants(), "JPEG", exif=b"Exif\0\0MM\0*nonsense and more of it")
    assert corners(square(content)) == [RED, GREEN, BLUE, WHITE]


def test_a_jpeg_that_is_shrunk_while_decoding_equals_one_that_is_shrunk_afterwards() -> None:
    ramp = np.linspace(0, 255, 800, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:600, None], ramp[None, :], ramp[:600, None][::-1]), axis=-1)
    content = encoded(Image.fromarray(pixels), "JPEG", quality=95)
    slow = Image.open(io.BytesIO(content)).convert("RGB").resize((48, 48), Image.Resampling.BILINEAR)
    difference = square(content, 48).astype(int) - np.asarray(slow).astype(int)
    assert abs(difference).max() <= 3
    assert abs(difference.mean()) <= 0.25


def test_stretching_shows_all_and_cropping_the_centre() -> None:
    image = Image.new("RGB", (40, 20), RED)
    image.paste(BLUE, (10, 0, 30, 20))
    assert corners(square(encoded(image))) == [RED] * 4
    assert corners(square(encoded(image), fit="crop")) == [BLUE] * 4
    assert corners(square(encoded(image.transpose(Image.Transpose.ROTATE_90)), fit="crop")) == [BLUE] * 4


@pytest.mark.parametrize("size", [8, 64])
def test_small_images_grow_and_large_ones_shrink(size: int) -> None:
    assert square(encoded(quadrants(17, 31)), size).shape == (size, size, 3)
    assert square(encoded(quadrants(1, 1)), size).shape == (size, size, 3)


def test_shrinking_averages_instead_of_dropping_pixels() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    assert abs(square(encoded(Image.fromarray(stripes)), 8).astype(int) - 255 // 2).max() <= 4


def test_several_boxes_of_one_image() -> None:
    boxes = [Box(0, 0, 32, 24, 64, 48), None, Box(32, 24, 64, 48, 64, 48)]
    red, whole, white = decode(encoded(quadrants()), boxes, 8, "stretch", LIMIT)
    assert corners(red) == [RED] * 4
    assert corners(whole) == [RED, GREEN, BLUE, WHITE]
    assert corners(white) == [WHITE] * 4


def test_boxes_of_a_large_jpeg_keep_their_details() -> None:
    stripes = np.zeros((512, 512, 3), dtype=np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    pixels = square(encoded(Image.fromarray(stripes), "JPEG", quality=95), 16, Box(256, 256, 272, 272, 512, 512))
    assert pixels[:, ::4].min() > 200
    assert pixels[:, 2::4].max() < 55


def test_boxes_refer_to_the_upright_image() -> None:
    content = encoded(quadrants(), "JPEG", exif=exif(6), quality=95)  # upright: 48 x 64, blue in the top left corner
    assert corners(square(content, box=Box(0, 0, 24, 32, 48, 64))) == [BLUE] * 4


def test_boxes_refer_to_the_stored_image_where_only_that_has_the_annotated_shape() -> None:
    content = encoded(quadrants(), "JPEG", exif=exif(6), quality=95)
    assert corners(square(content, box=Box(0, 0, 32, 24, 64, 48))) == [RED] * 4
    assert corners(square(content, box=Box(0, 0, 64, 48, 64, 48))) == [BLUE, RED, WHITE, GREEN]


def test_boxes_fit_a_smaller_copy_of_the_annotated_image() -> None:
    assert corners(square(encoded(quadrants()), box=Box(1024, 0, 2049, 768, 2049, 1537))) == [GREEN] * 4


def test_boxes_of_another_image_are_refused() -> None:
    with pytest.raises(Unreadable, match="64 x 48 pixels, but its annotations are for 100 x 100"):
        square(encoded(quadrants()), box=Box(0, 0, 10, 10, 100, 100))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_truncated_files_are_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    with pytest.raises(Unreadable):
        square(content[: int(share * len(content))])


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "the file is empty"), (b"%PDF-1.7\n%\xe2\xe3", "a PDF document: extract its images")]
)
def test_what_is_not_a_image_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        square(content)


def test_absurd_sizes_are_refused_before_decoding(tmp_path: Path) -> None:
    content = bytearray(encoded(Image.new("L", (8, 8))))
    content[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height of the PNG header, whose checksum is now wrong
    with pytest.raises(Unreadable):
        square(bytes(content))
    honest = encoded(Image.new("1", (4_000, 4_000)))
    with pytest.raises(Unreadable, match=r"4000 x 4000 pixels; at most 1,000,000 pixels .*max_pixels"):
        square(honest)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (5, 9)])
def test_pixels_in_memory(shape: tuple[int, ...]) -> None:
    pixels = fit_pixels(np.full(shape, 99, dtype=np.uint8), 16, "stretch")
    assert pixels.shape == (16, 16, 3)
    assert (pixels == 99).all()
