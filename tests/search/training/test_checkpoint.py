from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from search.training.checkpoint import TrainingState, restore, serialise
from search.training.evaluation import EpochMetrics

METRICS = EpochMetrics(1, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1e-3, 2.0, 100.0)


def state(average: bool = True) -> TrainingState:
    weights = {"weight": torch.arange(6.0).view(1, 2, 3, 1), "steps": torch.tensor(3)}
    optimizer = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    return TrainingState("name", (METRICS,), weights, weights if average else None, optimizer)


@pytest.mark.parametrize("average", [True, False])
def test_round_trip(average: bool) -> None:
    before, after = state(average), restore(serialise(state(average)))
    assert after.training == "name"
    assert after.epochs == (METRICS,)
    assert torch.equal(after.network["weight"], before.network["weight"])
    assert (after.average is None) != average
    assert after.optimizer["param_groups"] == before.optimizer["param_groups"]
    assert torch.equal(after.optimizer["state"][0]["exp_avg"], torch.ones(2))


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("code that ran",))


def harmful(path: Path) -> bytes:
    torch.save({"format": 1, "training": Harmful()}, path / "harmful")
    return (path / "harmful").read_bytes()


def test_refuses_what_is_not_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = serialise(state())
    torch.save({"format": 0}, tmp_path / "older")
    older = (tmp_path / "older").read_bytes()
    for data in (b"", b"text", whole[: len(whole) // 2], pickle.dumps({"format": 1}), older, harmful(tmp_path)):
        with pytest.raises(ValueError, match="not a checkpoint of this version"):
            restore(data)
    assert capsys.readouterr().out == ""
