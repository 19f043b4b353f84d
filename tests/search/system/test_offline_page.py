from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from search.system.offline_page import jpeg, offline_page, quiet, section


def test_text_is_escaped_and_the_page_forbids_requests() -> None:
    text = offline_page("<b>$x", section("<i>", quiet("a < b"), anchor="here"), "  p { color: red; }\n")
    assert "<title>&lt;b&gt;$x</title>" in text
    assert "<section id='here'><h2>&lt;i&gt;</h2><p class='quiet'>a &lt; b</p></section>" in text
    assert "default-src 'none'" in text
    assert "p { color: red; }\n</style>" in text


def test_a_picture_keeps_its_quality_while_it_fits() -> None:
    flat = np.full((64, 64, 3), 90, dtype=np.uint8)
    assert jpeg(flat) == jpeg(flat, most_bytes=10_000)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    smaller = base64.b64decode(jpeg(noise, most_bytes=1500).partition(",")[2])
    assert len(smaller) <= 1500 < len(base64.b64decode(jpeg(noise).partition(",")[2]))
    with Image.open(io.BytesIO(smaller)) as image:
        assert image.size == (64, 64)
