from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.planted import EACH, KINDS, main
from tests.search.data.test_near_copies import scene


def test_planted_copies_are_counted_and_the_folder_is_untouched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "scenes"
    for number in range(EACH * len(KINDS) + 10):
        file = root / "ab"[number % 2] / f"{number:03}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        scene(number).save(file, quality=95)
    scene(3).rotate(1).save(root / "a" / "twin.jpg")
    before = sorted(root.rglob("*"))
    assert main(["--data", str(root), "--seeds", "1", "--json"]) == 0
    (outcome,) = json.loads(capsys.readouterr().out)
    assert sorted(root.rglob("*")) == before
    assert outcome["planted"] == 80
    assert sum(outcome["found"].values()) >= 76
    assert outcome["mixed"] == []
    twins = {"a/twin.jpg", "b/003.jpg"}
    assert all(set(group) == twins for group in outcome["others"])
