"""The benchmark of networks from scratch with exits, on small images of two classes and for one epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.scratch_exits import NETWORKS, exits_of, main


def test_exits_follow_each_stage_from_the_second_on() -> None:
    for kind, stages in NETWORKS.items():
        assert [len(each.stages) for each in exits_of(kind, 64, 3)] == list(range(2, len(stages) + 1))
        assert {stage.block for stage in stages} == {kind}


def test_each_network_has_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=2, images=24)
    data = ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache")]
    main([*data, "--size", "32", "--epochs", "1"])
    said = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in said[3::5]] == ["shared, 1 epochs"] * 3
    assert [line.partition("  ")[0] for line in said[4::5]] == ["each prefix alone"] * 3
    assert [line.partition(": ")[0] for line in said[5::5]] == ["shared, compared with alone"] * 3
