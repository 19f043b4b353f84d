"""A bank of a few candidates on a folder of noise: real trainings of an epoch or two."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.bank import read_bank
from benchmarks.record_curves import main
from search.errors import BadInput
from search.training.evaluation import EpochMetrics

TRAININGS = 2 + 2 * 3  # the first of each study has three seeds


@dataclass(frozen=True)
class Recording:
    """A recording that was killed and started again: its arguments, and what was there after the kill."""

    arguments: list[str]
    folder: Path
    left: str

    @property
    def working(self) -> Path:
        return self.folder / "bank.jsonl.part"

    @property
    def target(self) -> Path:
        return self.folder / "bank.jsonl.gz"


@pytest.fixture(scope="module")
def recording(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("bank")
    given: dict[str, object] = {"data": images, "out": folder / "bank.jsonl.gz", "cache-dir": folder / "cache"}
    given |= {"candidates": 4, "epochs": 2, "image-size": 16, "batch-size": 8, "max-macs": 1_000_000}
    arguments = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    working = folder / "bank.jsonl.part"
    command = [sys.executable, "-m", "benchmarks.record_curves", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + 500
        while not working.exists() or working.read_text().count("\n") < 3:
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    left = working.read_text()
    assert not (folder / "bank.jsonl.gz").exists()
    with working.open("a") as file:
        file.write('{"place": 0, "epo')  # what a machine that dies may leave
    main(arguments)
    return Recording(arguments, folder, left)


def test_killed_and_started_again_it_repeats_nothing(recording: Recording) -> None:
    text = recording.working.read_text()
    assert 3 <= recording.left.count("\n") < 1 + TRAININGS
    assert text.startswith(recording.left)
    places = [json.loads(line)["place"] for line in text.splitlines()[1:]]
    assert sorted(places) == list(range(TRAININGS))
    assert read_bank(recording.target) == read_bank(recording.working)


def test_a_bank_that_is_whole_stays_as_it_is(recording: Recording) -> None:
    before = recording.target.read_bytes()
    main(recording.arguments)
    assert recording.target.read_bytes() == before


def test_a_bank_tells_all_that_a_replay_needs(recording: Recording) -> None:
    bank = read_bank(recording.target)
    plan = bank.header.plan
    assert Counter((planned.study, planned.number) for planned in plan) == {
        ("elimination", 0): 3,
        ("elimination", 1): 1,
        ("scratch", 0): 3,
        ("scratch", 1): 1,
    }
    first = next(planned for planned in plan if (planned.study, planned.number) == ("elimination", 0))
    cuts = [planned.candidate["network"]["cut"] for planned in plan if planned.study == "elimination"]
    assert None in cuts, "the uncut backbone is among a study's first candidates"
    assert first.params.keys() == first.distributions.keys()
    for planned in plan:
        assert planned.parameters <= 1_000_000 or planned.candidate["network"]["cut"] is None
    for curve in bank.curves.values():
        assert {*curve.epochs} == {*EpochMetrics.__annotations__, "cpu_seconds"}
        assert len(curve.f1_macro) == len(curve.seconds) == 2
        assert min(curve.seconds) > 0
    of_seed = {curve.planned.seed: curve for curve in bank.curves.values() if curve.planned.study == "scratch"}
    assert of_seed[1].epochs["train_loss"] != of_seed[2].epochs["train_loss"]
    assert bank.header.made["data"]["classes"] == ["class0", "class1", "class2"]


def test_another_bank_is_not_mixed_in(recording: Recording) -> None:
    with pytest.raises(BadInput, match="--epochs was 2, not 1"):
        main([*recording.arguments, "--epochs", "1"])


def test_arguments_are_refused_together(recording: Recording, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "bank.json"
    with pytest.raises(BadInput) as refused:
        main([*recording.arguments, "--epochs", "0", "--processes", "0", "--out", str(out)])
    assert len(refused.value.problems) == 3
