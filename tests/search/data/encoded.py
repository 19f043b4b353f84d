"""Encoders of what Pillow does not write: images of any depth, as PNG, TIFF, PGM and PPM."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[Any]
GREY, COLOUR, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 4, 6  # kinds of PNG
BLACK_IS_ZERO, WHITE_IS_ZERO = 1, 0


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """By Pillow."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png16(values: Pixels) -> bytes:
    """(H, W) or (H, W, 2, 3 or 4) of 0 to 65535 as a PNG of 16 bits a channel."""
    height, width, *channels = values.shape
    kind = {1: GREY, 2: GREY_ALPHA, 3: COLOUR, 4: COLOUR_ALPHA}[channels[0] if channels else 1]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + png_chunk(b"IEND", b"")


def pnm(values: Pixels, most: int) -> bytes:
    """(H, W) as a PGM, (H, W, 3) as a PPM, whose header calls `most` the brightest value."""
    magic = b"P5" if values.ndim == 2 else b"P6"
    kind = ">u2" if most > 255 else "u1"
    return b"%s\n%d %d\n%d\n" % (magic, values.shape[1], values.shape[0], most) + values.astype(kind).tobytes()


def tiff(
    values: Pixels,
    *,
    order: Literal["<", ">"] = "<",
    photometric: int = BLACK_IS_ZERO,
    bits: int | None = None,
    extra: tuple[tuple[int, int, int, int], ...] = (),
) -> bytes:
    """(H, W) or (H, W, C) as an uncompressed TIFF of one strip, with the numbers as they are.

    bits   of a number, where the file is to say another one than that of the array: 12 are packed
    extra  further entries of the directory: tag, type, count, value
    """
    height, width, *channels = values.shape
    count = channels[0] if channels else 1
    bits = bits or values.dtype.itemsize * 8
    strip = _packed(values) if bits == 12 else values.astype(values.dtype.newbyteorder(order)).tobytes()
    sample_format = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, count, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 2 if count >= 3 else photometric),
        (273, 4, 1, 0),
        (277, 3, 1, count),
        (278, 4, 1, height),
        (279, 4, 1, len(strip)),
        (339, 3, count, sample_format),
        *extra,
    ]
    if count in (2, 4):
        entries.append((338, 3, 1, 2))
    return _tiff_file(sorted(entries), strip, order)


def _packed(values: Pixels) -> bytes:
    """Two numbers of 12 bits in three bytes, each row from a byte of its own."""
    rows = []
    for row in values:
        even, odd = row[::2].astype(int), row[1::2].astype(int)
        rows.append(np.stack([even >> 4, (even & 15) << 4 | odd >> 8, odd & 255], axis=1).astype(np.uint8).tobytes())
    return b"".join(rows)


def _tiff_file(entries: list[tuple[int, int, int, int]], strip: bytes, order: str) -> bytes:
    """Header, directory, the values that do not fit into it, the strip."""
    directory_size = 2 + 12 * len(entries) + 4
    beside = b""
    first_beside = 8 + directory_size
    beside_size = sum(2 * count for _, kind, count, _ in entries if kind == 3 and count > 2)
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        if tag == 273:
            value = first_beside + beside_size
        directory += struct.pack(f"{order}HHI", tag, kind, count)
        if kind == 3 and count > 2:
            directory += struct.pack(f"{order}I", first_beside + len(beside))
            beside += struct.pack(f"{order}{count}H", *[value] * count)
        elif kind == 3:
            directory += struct.pack(f"{order}2H", value, value if count == 2 else 0)
        else:
            directory += struct.pack(f"{order}I", value)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(f"{order}I", 8) + directory + struct.pack(f"{order}I", 0) + beside + strip
