from __future__ import annotations

import pytest

from search.system.text import named


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c"], "a, b and 1 more"), (range(9), "0, 1 and 7 more")],
)
def test_names_and_how_many_more_there_are(names: list[object], said: str) -> None:
    assert named(names, most=2) == said


def test_a_semicolon_stays_before_how_many_more_there_are() -> None:
    assert named("abc", 2, "; ") == "a; b; and 1 more"
