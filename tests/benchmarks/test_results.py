"""Results in a file are read, and what is not there is measured and added."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.results import keep, known_or_measured


@dataclass(frozen=True)
class Score:
    name: str
    seed: int
    f1_macro: float


def test_what_is_known_is_not_measured_again(tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    keep(file, {"name": "b", "seed": 0, "f1_macro": 0.5})
    first = known_or_measured(file, Score, {"name": "a", "seed": 0}, lambda: [Score("a", 0, 0.8), Score("a", 0, 0.9)])
    assert [each.f1_macro for each in first] == [0.8, 0.9]
    assert len(file.read_text().splitlines()) == 3
    again = known_or_measured(file, Score, {"name": "a", "seed": 0}, lambda: pytest.fail("it was measured again"))
    assert again == first
    known_or_measured(file, Score, {"name": "a", "seed": 1}, lambda: [Score("a", 1, 0.7)])
    assert json.loads(file.read_text().splitlines()[-1]) == {"name": "a", "seed": 1, "f1_macro": 0.7}


def test_without_a_file_everything_is_measured() -> None:
    keep(None, {"name": "a"})
    assert known_or_measured(None, Score, {"name": "a"}, lambda: [Score("a", 0, 0.8)]) == [Score("a", 0, 0.8)]
