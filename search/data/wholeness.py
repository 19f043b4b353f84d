"""Whether all of an encoded image is there, where its decoder does not say so.

A file that was cut short usually stops its decoder. But a disk that is full and a download that broke off often leave
zeros in the place of the rest, and decoders take zeros for data: libjpeg draws them, and Pillow passes on none of its
warnings. What is looked at here costs a hundredth of decoding.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

TRUNCATED = "truncated"
SECTOR = 4096  # bytes: the smallest piece that a disk or a download loses
TAIL = 64  # zeros in a row that arithmetic coding does not end with; of 6000 x 6000 flat pixels it ended with 4

_SEQUENTIAL = (0xC0, 0xC1)  # start of frame: Huffman coding, all of a block at once
_HUFFMAN, _SCAN = 0xC4, 0xDA
_END = b"\xff\xd9"
_ZEROS, _FOUR_ZEROS = bytes(SECTOR), bytes(4)


def fault(content: bytes) -> str | None:
    """Why this is not a whole JPEG, PNG, WebP or AVIF, as far as its bytes tell without decoding it.

    What cameras and phones append to an image is no fault, and neither is what is missing after its last pixel.
    """
    for magic, offset, look in _LOOKS:
        if content.startswith(magic, offset):
            return look(content)
    return None


class _JpegStart(NamedTuple):
    """Where a JPEG's compressed data begin, and whether a run of zeros in them can be an even area."""

    scan: int
    zeros_are_even: bool


def _jpeg(content: bytes) -> str | None:
    """Most files end with their end marker and are nowhere zero for so long: their segments are not read."""
    ended = content.endswith(_END)
    if ended and _FOUR_ZEROS not in content[:: SECTOR // 4]:
        return None
    start = _jpeg_start(content)
    if start is None:
        return None  # of a shape that is not known here: its decoder decides
    # Nobody can tell a file that lacks nothing but its end marker from one that lacks its last rows.
    if not ended and content.rfind(_END) < start.scan:
        return f"{TRUNCATED}: the end marker of the JPEG is missing"
    hole = content.find(_ZEROS, start.scan)
    if not start.zeros_are_even and 0 <= hole < content.find(_END, start.scan):
        return f"{TRUNCATED}: a part of the JPEG is nothing but zeros"
    return None


def _jpeg_start(content: bytes) -> _JpegStart | None:
    """None where no scan is found by the lengths of the segments before it.

    The code of only zeros stands for the first symbol of a Huffman table. Where that is "no difference" for brightness
    and "end of block" for details, zeros go on with an even area. Encoders that optimise tables write blank pages so.
    Progressive files have scans of single bits, in which zeros mean as little.
    """
    position, even = 2, True
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker, length = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
        if marker == 0xFF:  # may fill up
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
    """Of each Huffman table of a segment: class and number, how many codes of each of 16 lengths, their symbols."""
    while len(tables) > 17:
        yield tables[17]
        tables = tables[17 + sum(tables[1:17]) :]


def _png(content: bytes) -> str | None:
    """Pillow does not look at the checksums of compressed data."""
    position = 8
    while position + 8 <= len(content):
        end = position + 8 + int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8]
        if kind == b"IEND":
            return None
        if end + 4 > len(content):
            return f"{TRUNCATED}: the PNG ends inside of a block"
        if kind == b"IDAT" and zlib.crc32(content[position + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return f"{TRUNCATED} or damaged: the checksum of a block of the PNG is wrong"
        position = end + 4
    return None


def _webp(content: bytes) -> str | None:
    end = 8 + int.from_bytes(content[4:8], "little")
    if len(content) < end:
        return f"{TRUNCATED}: the WebP has {len(content):,} bytes of {end:,}"
    if content[12:16] == b"VP8 " and _ends_in_zeros(content[:end]):
        return f"{TRUNCATED}: the end of the WebP is nothing but zeros"
    return None


def _avif(content: bytes) -> str | None:
    return f"{TRUNCATED}: the end of the AVIF is nothing but zeros" if _ends_in_zeros(content) else None


def _ends_in_zeros(content: bytes) -> bool:
    return not content[-TAIL:].strip(b"\0")


_LOOKS: tuple[tuple[bytes, int, Callable[[bytes], str | None]], ...] = (
    (b"\xff\xd8", 0, _jpeg),
    (b"\x89PNG", 0, _png),
    (b"WEBP", 8, _webp),
    (b"ftypavif", 4, _avif),
)
