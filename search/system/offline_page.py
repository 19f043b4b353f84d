"""Pages that work offline: one HTML file that holds its pictures, and whose own policy forbids all requests."""

from __future__ import annotations

import base64
import io
from html import escape
from importlib.resources import files
from string import Template

import numpy as np
import numpy.typing as npt
from PIL import Image

QUALITIES = (80, 60, 40, 25, 10)


def offline_page(title: str, body: str, style: str = "") -> str:
    """The page. `title` is escaped here; `body` is HTML, and `style` CSS besides that of all pages."""
    template = Template(files("search.system").joinpath("offline_page.html").read_text(encoding="utf-8"))
    return template.substitute(title=escape(title), body=body, style=style)


def section(title: str, *parts: str, anchor: str = "") -> str:
    """A section of HTML `parts` with an escaped heading. Links lead to `anchor`."""
    name = f" id='{anchor}'" if anchor else ""
    return f"<section{name}><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def quiet(text: str) -> str:
    """A paragraph of small text, escaped."""
    return f"<p class='quiet'>{escape(text)}</p>"


def jpeg(image: npt.NDArray[np.uint8], most_bytes: int | None = None) -> str:
    """The address of an image (H, W, 3) that holds the image itself, as a JPEG of quality 80.

    most_bytes  if the file is larger, its quality is lower, but not below 10
    """
    content = b""
    for quality in QUALITIES:
        written = io.BytesIO()
        Image.fromarray(image).save(written, "JPEG", quality=quality)
        content = written.getvalue()
        if most_bytes is None or len(content) <= most_bytes:
            break
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
