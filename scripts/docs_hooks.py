"""What mkdocs runs while it builds the documentation: tables in docstrings become lists.

A docstring names arguments as `name  meaning`, a line each; in HTML those lines would run together.
"""

from __future__ import annotations

import re
from typing import Any

_PARAGRAPH = re.compile(r"<p>([A-Za-z_][\w, ]*? {2,}\S.*?)</p>", re.DOTALL)
_ITEM = re.compile(r"^([A-Za-z_][\w, ]*?) {2,}(?=\S)", re.MULTILINE)


def with_lists(html: str) -> str:
    """The same page with each paragraph of lines `name  meaning` as a list."""
    return _PARAGRAPH.sub(_as_list, html)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Called by mkdocs for each page."""
    return with_lists(html) if page.file.src_uri.startswith("api/") else html


def _as_list(paragraph: re.Match[str]) -> str:
    parts = _ITEM.split(paragraph[1])[1:]
    items = [
        f"<li><code>{name}</code>: {meaning.strip()}</li>" for name, meaning in zip(*[iter(parts)] * 2, strict=True)
    ]
    return f"<ul>{''.join(items)}</ul>"
