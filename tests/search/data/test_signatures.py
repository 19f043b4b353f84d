from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from search.data.decode import Unreadable, decode
from search.data.signatures import FOREIGN, IMAGES, Signature, kind_of


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("a.txt", "content")
    return file.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
KINDS = {
    "HEIC": (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "a HEIC image: convert it with `heif-convert IN OUT.jpg`"),
    "HEIF": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIF image: convert it with `heif-convert IN OUT.jpg`"),
    "Git LFS": (LFS, "a Git LFS pointer, not the file itself: run `git lfs pull`"),
    "git-annex": (b"/annex/objects/SHA256E-s1--ab.jpg\n", "a git-annex pointer, not the file itself: run `git annex g"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><body>404", "a web page, so the download failed: fetch the image itself"),
    "HTML without a type": (b'<html lang="en">', "a web page, so the download failed: fetch the image itself"),
    "HTML with a mark of its order": ("\ufeff<html>".encode("utf-16"), "a web page, so the download failed"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="x">', "an SVG drawing: convert it to JPEG or PNG"),
    "text": ("Käse, Wurst\n".encode(), "a text file: remove it"),
    "long text, cut in a letter": (("a" * 511 + "ä").encode(), "a text file: remove it"),
    "JSON": (b'{"error": "not found"}', "a text file: remove it"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document: extract its images with `pdfimages -all IN OUT`"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "a PostScript document: convert it to JPEG"),
    "JPEG XL": (b"\xff\x0a\xfa\x1f\x41", "a JPEG XL image: convert it with `djxl IN OUT.png`"),
    "JPEG XL in a box": (b"\0\0\0\x0cJXL \r\n\x87\n\0\0", "a JPEG XL image: convert it with `djxl IN OUT.png`"),
    "CR2": (b"II*\0\x10\0\0\0CR\x02\0", "a raw file of a Canon camera (CR2): develop it to JPEG, TIFF or PNG"),
    "CR3": (b"\0\0\0\x18ftypcrx \0\0", "a raw file of a Canon camera (CR3): develop it to JPEG, TIFF or PNG"),
    "RAF": (b"FUJIFILMCCD-RAW 0201FF", "a raw file of a Fujifilm camera (RAF): develop it to JPEG, TIFF or PNG"),
    "video": (b"\0\0\0\x20ftypisom\0\0", "a video (MP4 or QuickTime): extract frames with `ffmpeg -i IN OUT-%04d.png`"),
    "AVI": (b"RIFF\x24\0\0\0AVI LIST", "a video (AVI): extract frames"),
    "ZIP": (archive(), "a ZIP archive or an office document: unpack it"),
    "gzip": (gzip.compress(b"content"), "a gzip archive: unpack it"),
    "tar": (b"a.jpg".ljust(257, b"\0") + b"ustar\x0000", "a tar archive: unpack it"),
    "DICOM": (bytes(128) + b"DICM\2\0", "a DICOM file: convert it"),
    "NumPy": (b"\x93NUMPY\1\0v\0", "a NumPy array: write it as a PNG file"),
    "Windows shortcut": (b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut, not the file itself: copy the file that it p"),
    "empty": (b"", "the file is empty: fetch it again"),
    "zeros": (
        bytes(5000),
        "the file begins with zeros only, so it was not written completely: fetch the file ag",
    ),
    "start of a JPEG": (b"\xff\xd8\xff", "a JPEG image that is damaged or truncated: fetch the file again"),
    "start of a PNG": (b"\x89PNG\r\n", "a PNG image that is damaged or truncated: fetch the file again"),
    "start of a TIFF": (b"II*\0\x08\0", "a TIFF image that is damaged, truncated or of an unsupported kind: fetch"),
    "anything": (b"\x01\x80\xfe\xc3\x28" * 99, "not an image of a known format: convert it to JPEG or PNG, or remove"),
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("name", KINDS)
def test_the_kind_is_named_with_what_to_do(name: str) -> None:
    content, expected = KINDS[name]
    assert kind_of(content).startswith(expected)
    with pytest.raises(Unreadable) as caught:
        decode(content, [None], 8, "stretch", 10**6)
    assert str(caught.value) == kind_of(content)


@pytest.mark.parametrize("signature", [*FOREIGN, *IMAGES], ids=lambda signature: signature.kind)
def test_no_signature_hides_a_later_one(signature: Signature) -> None:
    magic, kind, advice, offset = signature
    assert kind_of(b"x" * offset + magic) == f"{kind}: {advice}"
