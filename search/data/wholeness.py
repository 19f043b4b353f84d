"""Detection of incomplete images that their decoders do not report.

Decoders usually fail on a truncated file. But a full disk or an interrupted download often fills the rest of the file
with zeros, and decoders accept zeros as data: libjpeg draws them, and Pillow does not pass on its warnings. The checks
here cost a hundredth of the time of decoding.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

TRUNCATED = "truncated"
SECTOR = 4096  # bytes: the smallest piece that is lost on a disk or in a download
TAIL = 64  # more zeros in a row than arithmetic coding ends with; it ended with 4 for 6000 x 6000 flat pixels

_SEQUENTIAL = (0xC0, 0xC1)  # start of frame: Huffman coding, each block in one scan
_HUFFMAN, _SCAN = 0xC4, 0xDA
_END = b"\xff\xd9"
_ZEROS, _FOUR_ZEROS = bytes(SECTOR), bytes(4)


def fault(content: bytes) -> str | None:
    """Why this is not a complete JPEG, PNG, WebP or AVIF, as far as its bytes show without decoding; None otherwise.

    Data that cameras and phones append to an image are no fault, nor are missing data after the last pixel.
    """
    for magic, offset, look in _LOOKS:
        if content.startswith(magic, offset):
            return look(content)
    return None


class _JpegStart(NamedTuple):
    """The start of a JPEG's compressed data, and whether a run of zeros in them can be an area of one colour."""

    scan: int
    zeros_are_even: bool


def _jpeg(content: bytes) -> str | None:
    """Most files end with their end marker and have no long run of zeros; their segments need not be read."""
    ended = content.endswith(_END)
    if ended and _FOUR_ZEROS not in content[:: SECTOR // 4]:
        return None
    start = _jpeg_start(content)
    if start is None:
        return None  # an unknown structure: its decoder decides
    # A file without its end marker looks the same as a file that also lacks its last rows.
    if not ended and content.rfind(_END) < start.scan:
        return f"{TRUNCATED}: the end marker of the JPEG is missing"
    hole = content.find(_ZEROS, start.scan)
    if not start.zeros_are_even and 0 <= hole < content.find(_END, start.scan):
        return f"{TRUNCATED}: a part of the JPEG contains only zeros"
    return None


def _jpeg_start(content: bytes) -> _JpegStart | None:
    """The start of the first scan; None if the lengths of the segments do not lead to it.

    The code of only zeros stands for the first symbol of a Huffman table. If that symbol means "no difference" for
    brightness and "end of block" for details, zeros continue an area of one colour. Encoders with optimised tables
    write blank pages like this. Progressive files have scans of single bits, so zeros prove nothing there either.
    """
    position, even = 2, True
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker, length = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == _SCAN:
            return _JpegStart(position, even)
        if marker == _HUFFMAN:
            even = even and not any(_first_symbols(content[position + 4 : position + 2 + length]))
        elif 0xC0 <= marker <= 0xCF and marker not in _SEQUENTIAL:
            return _JpegStart(position, zeros_are_even=True)
        position += 2 + length
    return None


def _first_symbols(tables: bytes) -> Iterator[int]:
    """The first symbol of each Huffman table in a segment. A table has class and number, 16 counts, and its symbols."""
    while len(tables) > 17:
        yield tables[17]
        tables = tables[17 + sum(tables[1:17]) :]


def _png(content: bytes) -> str | None:
    """Pillow does not verify the checksums of compressed data."""
    position = 8
    while position + 8 <= len(content):
        end = position + 8 + int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8]
        if kind == b"IEND":
            return None
        if end + 4 > len(content):
            return f"{TRUNCATED}: the PNG ends inside a chunk"
        if kind == b"IDAT" and zlib.crc32(content[position + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return f"{TRUNCATED} or damaged: a PNG chunk has a wrong checksum"
        position = end + 4
    return None


def _webp(content: bytes) -> str | None:
    end = 8 + int.from_bytes(content[4:8], "little")
    if len(content) < end:
        return f"{TRUNCATED}: the WebP has {len(content):,} bytes of {end:,}"
    if content[12:16] == b"VP8 " and _ends_in_zeros(content[:end]):
        return f"{TRUNCATED}: the end of the WebP contains only zeros"
    return None


def _avif(content: bytes) -> str | None:
    return f"{TRUNCATED}: the end of the AVIF contains only zeros" if _ends_in_zeros(content) else None


def _ends_in_zeros(content: bytes) -> bool:
    return not content[-TAIL:].strip(b"\0")


_LOOKS: tuple[tuple[bytes, int, Callable[[bytes], str | None]], ...] = (
    (b"\xff\xd8", 0, _jpeg),
    (b"\x89PNG", 0, _png),
    (b"WEBP", 8, _webp),
    (b"ftypavif", 4, _avif),
)
