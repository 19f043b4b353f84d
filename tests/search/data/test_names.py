from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.data.names import readable, spelling

ANY_TEXT = st.text(st.characters())  # lone surrogates and control characters included


@pytest.mark.parametrize(
    "name", ["glass", "grünes Glas", "玻璃", "\U0001f469\u200d\U0001f52c", "\u05e9\u05dc\u200f", "50 %", "a/b:c*"]
)
def test_what_people_write_is_shown_as_it_is(name: str) -> None:
    assert readable(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\udcc4pfel", "\\udcc4pfel"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u2028b", "a\\u2028b"),
        ("nul\0", "nul\\x00"),
    ],
)
def test_what_no_table_can_hold_is_escaped(name: str, shown: str) -> None:
    assert readable(name) == shown


@given(ANY_TEXT)
def test_whatever_is_shown_can_be_stored_and_is_one_line(name: str) -> None:
    shown = readable(name)
    assert json.loads(json.dumps(shown, ensure_ascii=False).encode()) == shown
    assert len(shown.splitlines()) <= 1
    assert readable(shown) == shown


@given(ANY_TEXT, ANY_TEXT)
def test_spelling_does_not_depend_on_what_a_person_cannot_see(first: str, second: str) -> None:
    assert spelling(f" \u200b{first} {second}\u200f ") == spelling(f"{first}\u00a0\u200b {second}")
