from __future__ import annotations

import json
import statistics

import pytest

from benchmarks import images
from benchmarks.frozen_results import FrozenResult, GpuResult, HeadsResult, describe_gpu
from benchmarks.frozen_stages import main
from search.errors import BadInput


def test_measures_everything_in_the_small(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    main(["--quick", "--json", "--device", "cpu", "--seconds", "0.05", "--repeats", "2"])
    answer = json.loads(capsys.readouterr().out)
    (frozen,) = answer["frozen"]
    assert frozen["ratio"] == statistics.median(frozen["above_features"]) / statistics.median(frozen["whole"])
    assert len(frozen["above_features"]) == len(frozen["whole"]) == 2
    assert min(*frozen["whole"], frozen["computing_seconds"], frozen["feature_bytes"]) > 0
    assert answer["heads"]["heads"] == 4
    assert answer["heads"]["largest_difference"] < 1e-3
    assert [row["image_size"] for row in answer["sizes"]] == [32, 64]
    assert all(row["ours"] > 0 < row["timm"] for row in answer["sizes"])


def test_ratios_written_out() -> None:
    assert FrozenResult(1, (30.0, 50.0, 40.0), (10.0, 8.0, 9.0), 1.0, 1).ratio == 40 / 9
    assert HeadsResult(64, 12.0, 1.5, 0.0).ratio == 8
    words = describe_gpu(GpuResult(224, 3700.0, 3000.0, 18_500.0))
    assert words == "224 px: ours 3,700 images/s, timm's loop 3,000; 20% of an H100's limit of 18,500"


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(BadInput) as refusal:
        main(["--seconds", "0", "--repeats", "0"])
    assert refusal.value.problems == ["--seconds 0.0: expected more than 0", "--repeats 0: expected more than 0"]
