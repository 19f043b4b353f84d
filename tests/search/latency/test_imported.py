"""Latencies of another device, from a file into the trials of a search and onto the axis of its report."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from search.errors import BadInput
from search.latency.__main__ import main
from search.models.latency.devices import of_devices
from search.models.sources import Source
from search.report.__main__ import main as report
from search.settings.search import Settings
from storage import latency
from storage.database import connect

IDS = range(1, 10)


def stored(settings: Settings) -> dict[str, dict[int, float]]:
    with closing(connect(settings.database)) as database:
        found = of_devices(latency.read(database, list(IDS)))
    return {device: {trial: run.latency_ms for trial, run in runs.items()} for device, runs in found.items()}


def test_times_of_a_device_are_an_axis_of_the_report(
    options: list[str], settings: Settings, source: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "device.csv"
    file.write_text("model,ms,p90\nscratch/0,40.5,44\nelimination/0,80,\n")
    main(["--from", str(file), "--device", "Old phone", *options])
    assert "imported 2 latencies on Old phone" in capsys.readouterr().out
    assert stored(settings)["Old phone"][source.trial_id or 0] == 40.5
    report(["--pareto", "--x", "latency", "--machine", "old phone", *options])
    said = capsys.readouterr().out
    assert "F1 against single-image latency (ms) on Old phone, as imported" in said
    assert "40.5" in said
    file.write_text("model,ms\nscratch/0,20\n")
    main(["--from", str(file), "--device", "Old phone", *options])
    assert stored(settings)["Old phone"][source.trial_id or 0] == 20


def test_nothing_is_imported_from_a_file_with_an_unknown_model(
    options: list[str], settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "device.csv"
    file.write_text("model,ms,device\nscratch/0,40,New phone\nscratch/9,50,New phone\nno model at all,1,New phone\n")
    with pytest.raises(BadInput) as caught:
        main(["--from", str(file), *options])
    first, second, *_ = caught.value.problems
    assert first == f"{file}, line 3: model 'scratch/9': trial scratch/9 has no saved model"
    assert second == f"{file}, line 4: model 'no model at all': the model cannot be found"
    assert any("available: " in problem for problem in caught.value.problems)
    assert "New phone" not in stored(settings)


def test_a_device_is_named_only_for_an_import(options: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        main(["scratch/0", "--device", "Pixel", *options])
    assert caught.value.problems == ["--device Pixel: names the device of --from; without it, this machine is measured"]
    with pytest.raises(BadInput) as caught:
        main(["scratch/0", "--from", "device.csv", "--device", " ", *options])
    assert len(caught.value.problems) == 2
