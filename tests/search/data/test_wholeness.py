"""A file of which a part is missing is refused, whatever stands in its place; what cameras write is not."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search.data.decode import Unreadable, decode
from search.data.wholeness import SECTOR, TAIL
from tests.search.data.encoded import png_chunk, saved

END = b"\xff\xd9"


def noise(side: int = 128, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


def page() -> Image.Image:
    """Mostly white, as a scan."""
    image = Image.new("RGB", (1600, 1600), "white")
    image.paste(noise(), (0, 0))
    return image


def reason(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        decode(content, [None], 8, "stretch", 10**8)
    return str(caught.value)


def is_read(content: bytes) -> bool:
    return decode(content, [None], 8, "stretch", 10**8).shape == (1, 8, 8, 3)


ENCODERS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "of four colours": {},
    "grey": {},
}


def jpeg(name: str, image: Image.Image | None = None) -> bytes:
    mode = {"of four colours": "CMYK", "grey": "L"}.get(name, "RGB")
    return saved((image or noise()).convert(mode), "JPEG", quality=90, **ENCODERS[name])


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_jpeg_whose_rest_is_missing_or_zeros(name: str, share: float) -> None:
    content = jpeg(name)
    there = content[: int(share * len(content))]
    rest = len(content) - len(there)
    for cut in (there, there + bytes(rest), there + b"\xff" * rest, there + bytes(rest) + b"trailer of a phone"):
        assert reason(cut) == "truncated: the end marker of the JPEG is missing"


def test_a_jpeg_without_its_last_sector() -> None:
    content = jpeg("baseline", noise(512))
    assert reason(content[:-1000] + bytes(1000)) == "truncated: the end marker of the JPEG is missing"


@pytest.mark.parametrize("name", ["baseline", "of four colours", "grey"])
def test_a_jpeg_with_a_hole(name: str) -> None:
    content = jpeg(name, noise(512))
    holed = content[:20_000] + bytes(SECTOR) + content[20_000 + SECTOR :]
    assert reason(holed) == "truncated: a part of the JPEG contains only zeros"


@pytest.mark.parametrize("name", ENCODERS)
def test_a_blank_page_has_long_runs_of_zeros_and_is_whole(name: str) -> None:
    content = jpeg(name, page())
    assert name not in ("optimised", "progressive") or bytes(1000) in content
    assert is_read(content)


def with_thumbnail(content: bytes, thumbnail: bytes) -> bytes:
    """EXIF data as cameras write them, before all else, with a JPEG of its own inside."""
    exif = b"Exif\0\0II*\0" + bytes(200) + thumbnail
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]


SMALL = jpeg("baseline", noise(32))
CAMERAS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda content: content,
    "EXIF data with a thumbnail": lambda content: with_thumbnail(content, SMALL),
    "a byte behind": lambda content: content + b"\0",
    "zeros behind, to the end of a sector": lambda content: content + bytes(-len(content) % SECTOR + SECTOR),
    "what a phone appends": lambda content: content + b"SEFT" + bytes(40) + b"Image_UTC_Data1598",
    "a second image behind": lambda content: content + bytes(9000) + SMALL,
    "a video behind": lambda content: content + b"\0\0\0\x18ftypmp42" + bytes(9000),
    "fill bytes before a marker": lambda content: content[:2] + b"\xff\xff" + content[2:],
    "a comment of zeros": lambda content: (
        content[:2] + b"\xff\xfe" + struct.pack(">H", 9002) + bytes(9000) + content[2:]
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # of EXIF data that are none
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("camera", CAMERAS)
def test_what_cameras_and_phones_write_is_whole(name: str, camera: str) -> None:
    assert is_read(CAMERAS[camera](jpeg(name)))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("camera", ["EXIF data with a thumbnail"])
def test_the_end_of_a_thumbnail_is_not_that_of_the_image(camera: str) -> None:
    content = CAMERAS[camera](jpeg("baseline"))
    assert reason(content[:-5000] + bytes(5000)) == "truncated: the end marker of the JPEG is missing"


def test_an_mpo_with_two_images() -> None:
    content = saved(noise(), "MPO", save_all=True, append_images=[noise(seed=1)])
    assert Image.open(io.BytesIO(content)).format == "MPO"
    assert is_read(content)
    assert is_read(content[:-2000])  # only the second one is cut, which nobody looks at


def test_a_png_with_a_wrong_checksum() -> None:
    content = bytearray(saved(noise(), "PNG", compress_level=0))
    content[len(content) // 2] ^= 1
    assert reason(bytes(content)) == "truncated or damaged: a PNG chunk has a wrong checksum"


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_png_that_ends_early_or_in_zeros(share: float) -> None:
    content = saved(noise(), "PNG")
    there = content[: int(share * len(content))]
    assert reason(there).startswith("truncated: ")
    assert reason(there + bytes(len(content) - len(there))).startswith("truncated")


def test_a_png_is_whole_without_its_end_and_with_more_behind_it() -> None:
    content = saved(noise(), "PNG")
    private = content[:33] + png_chunk(b"prIv", b"content") + content[33:]
    for whole in (content[:-12], content + bytes(5000), private):
        assert is_read(whole)


@pytest.mark.parametrize("quality", [20, 90])
def test_a_webp_that_ends_early_or_in_zeros(quality: int) -> None:
    content = saved(noise(), "WEBP", quality=quality)
    there, rest = content[: len(content) // 2], len(content) - len(content) // 2
    assert reason(there) == f"truncated: the WebP has {len(there):,} bytes of {len(content):,}"
    assert reason(there + bytes(rest)) == "truncated: the end of the WebP contains only zeros"
    assert is_read(content + bytes(TAIL))


def test_a_webp_without_losses_may_end_in_zeros() -> None:
    content = saved(page(), "WEBP", lossless=True, method=0)
    assert content.endswith(bytes(TAIL))
    assert is_read(content)


def test_an_avif_that_ends_early_or_in_zeros() -> None:
    content = saved(noise(), "AVIF", speed=10)
    half = len(content) // 2
    assert reason(content[:-50]).startswith("truncated: ")
    assert reason(content[:half] + bytes(len(content) - half)) == "truncated: the end of the AVIF contains only zeros"
    assert is_read(content)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM"])
def test_other_formats_that_end_early(kind: str) -> None:
    content = saved(noise(), kind)
    assert reason(content[: len(content) // 2]) == "truncated: the file ends before its image does"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", "jpeg"])
def test_a_compressed_tiff_that_ends_early(compression: str) -> None:
    content = saved(noise(), "TIFF", compression=compression)
    assert reason(content[: len(content) // 2]).startswith("a TIFF image that is damaged, truncated or of an")


SUBFILE_TYPE, SUB_FILES, DNG_VERSION = 254, 330, 50706


@pytest.mark.parametrize("tags", [{SUBFILE_TYPE: 1, SUB_FILES: (8,)}, {DNG_VERSION: b"\1\4\0\0"}])
def test_the_preview_of_a_raw_camera_file_is_no_image(tags: dict[int, Any]) -> None:
    content = saved(noise(16), "TIFF", tiffinfo=tags)
    assert reason(content) == "a raw camera file (a kind of TIFF): develop it to JPEG, TIFF or PNG"


def test_a_tiff_with_smaller_copies_of_itself_is_an_image() -> None:
    assert is_read(saved(noise(16), "TIFF", tiffinfo={SUBFILE_TYPE: 0, SUB_FILES: (8,)}))
