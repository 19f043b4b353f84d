"""The kind of a file that cannot be decoded, and what to do about it. The first bytes count, not the name.

Sources: https://en.wikipedia.org/wiki/List_of_file_signatures and, for ISO media files, https://mp4ra.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

CONVERT = "convert it to JPEG or PNG"
HEIF = "convert it with `heif-convert IN OUT.jpg`"
DJXL = "convert it with `djxl IN OUT.png`"
FRAMES = "extract frames with `ffmpeg -i IN OUT-%04d.png`"
UNPACK = "unpack it"
RAW = "develop it to JPEG, TIFF or PNG"
FETCH = "fetch the file again"
ODD = "damaged, truncated or of an unsupported kind"


class Signature(NamedTuple):
    """Bytes at an offset, the kind of file that they identify, and what to do."""

    magic: bytes
    kind: str
    advice: str
    offset: int = 0


# The first match counts. A raw camera file is also a TIFF file, whose first image is a small preview.
FOREIGN = (
    Signature(b"version https://git-lfs", "a Git LFS pointer, not the file itself", "run `git lfs pull`"),
    Signature(b"/annex/objects/", "a git-annex pointer, not the file itself", "run `git annex get`"),
    Signature(b"ftypheic", "a HEIC image", HEIF, 4),
    Signature(b"ftypheix", "a HEIC image", HEIF, 4),
    Signature(b"ftypheim", "a HEIC image", HEIF, 4),
    Signature(b"ftypheis", "a HEIC image", HEIF, 4),
    Signature(b"ftyphev", "a sequence of HEIC images", HEIF, 4),
    Signature(b"ftypmif1", "a HEIF image", HEIF, 4),
    Signature(b"ftypmsf1", "a sequence of HEIF images", HEIF, 4),
    Signature(b"ftypavi", "an AVIF image that is damaged or not supported", f"{CONVERT}, or {FETCH}", 4),
    Signature(b"ftypcrx", "a raw file of a Canon camera (CR3)", RAW, 4),
    Signature(b"ftyp", "a video (MP4 or QuickTime)", FRAMES, 4),
    Signature(b"\xff\x0a", "a JPEG XL image", DJXL),
    Signature(b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image", DJXL),
    Signature(b"II\xbc", "a JPEG XR image", CONVERT),
    Signature(b"CR\x02", "a raw file of a Canon camera (CR2)", RAW, 8),
    Signature(b"FUJIFILMCCD-RAW", "a raw file of a Fujifilm camera (RAF)", RAW),
    Signature(b"IIRO", "a raw file of an Olympus camera (ORF)", RAW),
    Signature(b"IIRS", "a raw file of an Olympus camera (ORF)", RAW),
    Signature(b"MMOR", "a raw file of an Olympus camera (ORF)", RAW),
    Signature(b"IIU\0", "a raw file of a Panasonic camera (RW2)", RAW),
    Signature(b"FOVb", "a raw file of a Sigma camera (X3F)", RAW),
    Signature(b"%PDF", "a PDF document", "extract its images with `pdfimages -all IN OUT`"),
    Signature(b"%!PS", "a PostScript document", CONVERT),
    Signature(b"v/1\x01", "an OpenEXR image", CONVERT),
    Signature(b"#?RADIANCE", "a Radiance HDR image", CONVERT),
    Signature(b"8BPS", "a Photoshop document that is damaged or not supported", CONVERT),
    Signature(b"gimp xcf", "a GIMP document", CONVERT),
    Signature(b"AT&TFORM", "a DjVu document", CONVERT),
    Signature(b"DICM", "a DICOM file", "convert it with `dcm2img IN OUT.png`", 128),
    Signature(b"\x89HDF", "an HDF5 file", "write its arrays as PNG files"),
    Signature(b"\x93NUMPY", "a NumPy array", "write it as a PNG file"),
    Signature(b"MATLAB 5.0 MAT-file", "a MATLAB file", "write its arrays as PNG files"),
    Signature(b"\x1aE\xdf\xa3", "a video (Matroska or WebM)", FRAMES),
    Signature(b"AVI ", "a video (AVI)", FRAMES, 8),
    Signature(b"\0\0\x01\xba", "a video (MPEG)", FRAMES),
    Signature(b"PK\x03\x04", "a ZIP archive or an office document", UNPACK),
    Signature(b"PK\x05\x06", "an empty ZIP archive", "remove it"),
    Signature(b"\x1f\x8b", "a gzip archive", UNPACK),
    Signature(b"BZh", "a bzip2 archive", UNPACK),
    Signature(b"\xfd7zXZ\0", "an xz archive", UNPACK),
    Signature(b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    Signature(b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    Signature(b"Rar!", "a RAR archive", UNPACK),
    Signature(b"ustar", "a tar archive", UNPACK, 257),
    Signature(b"SQLite format 3", "an SQLite database", "remove it"),
    Signature(b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut, not the file itself", "copy the file that it points to"),
    Signature(b"\0\x05\x16\x07", "a file of macOS metadata", "remove it"),
    Signature(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document or a thumbnail database", "remove it"),
)
IMAGES = (  # kinds that are supported if the file is complete
    Signature(b"\xff\xd8\xff", "a JPEG image that is damaged or truncated", FETCH),
    Signature(b"\x89PNG", "a PNG image that is damaged or truncated", FETCH),
    Signature(b"GIF8", "a GIF image that is damaged or truncated", FETCH),
    Signature(b"WEBP", "a WebP image that is damaged or truncated", FETCH, 8),
    Signature(b"II*\0", f"a TIFF image that is {ODD}", f"{FETCH}, or {CONVERT}"),
    Signature(b"MM\0*", f"a TIFF image that is {ODD}", f"{FETCH}, or {CONVERT}"),
    Signature(b"BM", f"a BMP image that is {ODD}", f"{FETCH}, or {CONVERT}"),
)
LONGEST = 512  # bytes that are checked, also in text files

_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|script|!--)", re.IGNORECASE)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_BLANK = bytes(LONGEST)


def kind_of(content: bytes) -> str:
    """The kind of a file that cannot be decoded, and what to do, as in "a PDF document: extract its images …"."""
    if not content:
        return "the file is empty: fetch it again"
    start = content[:LONGEST]
    if start == _BLANK[: len(start)]:
        return f"the file begins with zeros only, so it was not written completely: {FETCH}"
    return _fitting((*FOREIGN, *IMAGES), start) or _kind_of_text(start)


def foreign_kind(content: bytes) -> str | None:
    """Like `kind_of`, but None unless the file is of a kind that is never supported."""
    return _fitting(FOREIGN, content[:LONGEST])


def _fitting(signatures: Iterable[Signature], start: bytes) -> str | None:
    fitting = (one for one in signatures if start.startswith(one.magic, one.offset))
    return next((f"{one.kind}: {one.advice}" for one in fitting), None)


def _kind_of_text(start: bytes) -> str:
    try:
        text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4 or len(start) < LONGEST:  # otherwise `start` ends inside a character
            return f"not an image of a known format: {CONVERT}, or remove it"
        text = start[: error.start].decode("utf-8-sig")
    if _SVG.search(text.encode()):
        return f"an SVG drawing: {CONVERT}"
    if _HTML.search(text.encode()):
        return "a web page, so the download failed: fetch the image itself"
    return "a text file: remove it" if _is_text(text) else f"not an image of a known format: {CONVERT}, or remove it"


def _is_text(text: str) -> bool:
    return all(letter.isprintable() or letter.isspace() for letter in text)
