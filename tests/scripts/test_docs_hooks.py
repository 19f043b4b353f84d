from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def with_lists() -> Callable[[str], str]:
    hooks = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "docs_hooks.py"))
    found: Callable[[str], str] = hooks["with_lists"]
    return found


def test_lines_of_names_and_meanings_become_a_list(with_lists: Callable[[str], str]) -> None:
    html = "<p>Train it.</p>\n<p>seed      of the weights\nfeatures  where they are kept,\n          if anywhere</p>"
    assert with_lists(html) == (
        "<p>Train it.</p>\n<ul><li><code>seed</code>: of the weights</li>"
        "<li><code>features</code>: where they are kept,\n          if anywhere</li></ul>"
    )


@pytest.mark.parametrize("html", ["<p>Short.</p>", "<p>One line,\nand another.</p>", "<p>See <code>x</code>.  So.</p>"])
def test_other_paragraphs_stay(with_lists: Callable[[str], str], html: str) -> None:
    assert with_lists(html) == html
