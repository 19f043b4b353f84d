from __future__ import annotations

from typing import Any

import pytest

from search.report import wording


def test_f1_and_label(two_studies: Any) -> None:
    rows = {(entry.row.study, entry.row.trials[0]): entry.row for entry in two_studies.compare().entries}
    assert wording.f1(rows["elimination", 1]) == "0.860 ± 0.028"
    assert wording.f1(rows["scratch", 0]) == "0.600"
    assert wording.label(rows["elimination", 0]) == "full resnet18"
    assert wording.label(rows["elimination", 1]) == "layer2"
    assert wording.label(rows["scratch", 1]) == "#1"


def test_stopped_trials_are_counted_by_their_rung() -> None:
    stopped = {
        1: "stopped at epoch 3 of 12: F1 0.1 can reach 0.2",
        4: "stopped at epoch 6 of 12: F1 0.3 can reach 0.4",
        5: "stopped at epoch 6 of 12: F1 0.2 can reach 0.3",
        6: "no reason recorded",
    }
    expected = {"at epoch 6 of 12": 2, "at epoch 3 of 12": 1, "no reason recorded": 1}
    assert list(wording.by_rung(stopped).items()) == list(expected.items())


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "—"),
        ({"name": "trashnet"}, "trashnet (fingerprint —)"),
        ({"name": "t", "fingerprint": "3f"}, "t (fingerprint 3f)"),
    ],
)
def test_data_name(data: dict[str, Any], text: str) -> None:
    assert wording.data_name(data) == text
