from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import BadInput
from search.models.latency.devices import DeviceRun, of_devices, read_device_file

TRIALS = {"elimination/3": 3, "3": 3, "final/small": 7}


def trial_of(name: str) -> int:
    if name not in TRIALS:
        raise BadInput(f"trial {name} has no saved model", ["available: elimination/3"])
    return TRIALS[name]


def read(path: Path, text: str, device: str | None = "Pixel") -> list[tuple[int, str, float, float | None]]:
    path.write_text(text, encoding="utf-8")
    found = read_device_file(path, device, trial_of)
    return [(trial, run.device, run.latency_ms, run.p90_ms) for trial, run in found]


def problems(path: Path, text: str, device: str | None = "Pixel") -> list[str]:
    with pytest.raises(BadInput) as caught:
        read(path, text, device)
    assert caught.value.what == "no latency was imported"
    return caught.value.problems


def test_models_and_milliseconds_are_read(tmp_path: Path) -> None:
    file = tmp_path / "device.csv"
    assert read(file, "model,ms\nelimination/3,4.5\nfinal/small, 2e0\n") == [
        (3, "Pixel", 4.5, None),
        (7, "Pixel", 2.0, None),
    ]
    assert read(file, "\ufeffModel, ms, p90\r\n3,4.5,6\r\nfinal/small,2,\r\n") == [
        (3, "Pixel", 4.5, 6.0),
        (7, "Pixel", 2.0, None),
    ]
    several = "device,model,ms\nPixel,3,4.5\nPi,3,9\n"
    assert read(file, several, None) == [(3, "Pixel", 4.5, None), (3, "Pi", 9.0, None)]


def test_all_lines_that_are_wrong_are_named_together(tmp_path: Path) -> None:
    file = tmp_path / "device.csv"
    text = "model,ms,p90\nelimination/9,4,\n3,fast,\n3,0,-1\nfinal/small,1,\nelimination/3,nan,inf\n,2,\nscratch/1,1\n"
    assert problems(file, text) == [
        f"{file}, line 2: model 'elimination/9': trial elimination/9 has no saved model",
        f"{file}, line 3: ms: expected a number of milliseconds above 0, got 'fast'",
        f"{file}, line 4: ms: expected a number of milliseconds above 0, got '0'",
        f"{file}, line 4: p90: expected a number of milliseconds above 0, got '-1'",
        f"{file}, line 4: 3 on Pixel is there twice; it is also in line 3",
        f"{file}, line 6: ms: expected a number of milliseconds above 0, got 'nan'",
        f"{file}, line 6: p90: expected a number of milliseconds above 0, got 'inf'",
        f"{file}, line 6: elimination/3 on Pixel is there twice; it is also in line 3",
        f"{file}, line 7: model '': trial  has no saved model",
        f"{file}, line 8: model 'scratch/1': trial scratch/1 has no saved model",
        "available: elimination/3",
    ]


@pytest.mark.parametrize(
    ("text", "device", "problem"),
    [
        ("", "Pixel", "has no column model; expected a CSV file in UTF-8 with the columns model and ms"),
        ("model;ms\n3;4\n", "Pixel", "has no column ms"),
        ("model,ms,milliseconds\n", "Pixel", "unknown column 'milliseconds'"),
        ("model,ms,ms\n", "Pixel", "has the column ms twice"),
        ("model,ms\n", "Pixel", "has no lines below the names of the columns"),
        ("model,ms\n3,4\n", None, "which device? Name it with --device NAME, or in a column device"),
        ("model,ms,device\n3,4,Pi\n", "Pixel", "has a column device, so --device Pixel is one name too many"),
        ("model,ms,device\n3,4,\n", None, "line 2: the column device is empty"),
    ],
)
def test_a_file_that_is_no_such_table(text: str, device: str | None, problem: str, tmp_path: Path) -> None:
    assert any(problem in each for each in problems(tmp_path / "device.csv", text, device))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.csv: No such file or directory; expected a CSV file"):
        read_device_file(tmp_path / "none.csv", "Pixel", trial_of)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="expected a CSV file in UTF-8"):
        read_device_file(tmp_path / "binary", "Pixel", trial_of)


def test_runs_of_devices_are_told_from_those_of_machines() -> None:
    run = DeviceRun(device="Pixel", latency_ms=4.0, imported_at="2026-11-30T12:00:00+00:00")
    machine = {"machine": {"processor": "Xeon"}, "latency_ms": 1.0}
    stored = {1: [machine, run.model_dump(mode="json")], 2: [machine]}
    assert of_devices(stored) == {"Pixel": {1: run}}
    assert run.key == run.model_copy(update={"latency_ms": 9.0}).key != run.model_copy(update={"device": "Pi"}).key
