from __future__ import annotations

from typing import Any

import pytest

from search.errors import BadInput
from search.finalize.choice import choose_rows
from search.report.comparison import Comparison
from search.settings.recipe import Recipe
from search.settings.spaces import ListedRow
from tests.search.report.conftest import Records

RECIPE = {"epochs": 1}


def candidate(cut: str | None = None, *, stem: int | None = None) -> dict[str, Any]:
    network: dict[str, Any] = {"image_size": 32, "classes": 3}
    if stem is not None:
        network |= {"family": "scratch", "stem_channels": stem, "stages": [{"block": "conv", "channels": 8}]}
    else:
        head = {"kind": "original" if cut is None else "pool_linear"}
        network |= {"family": "eliminated", "backbone": "test_resnet", "cut": cut, "head": head}
    return {"network": network, "initial_weights": "random", "recipe": RECIPE}


def trial(records: Records, study: str, f1_macro: float, parameters: int, content: dict[str, Any], **more: Any) -> None:
    key = str(content["network"])
    records.trial(study, f1_macro, parameters, candidate=content, candidate_key=key, summary="network", **more)


@pytest.fixture
def records() -> Records:
    """On the joint front: scratch 0, the cuts elimination 1 and 2. Not on it: the uncut network, and scratch 1 to 3."""
    records = Records()
    records.study("elimination")
    records.study("scratch")
    trial(records, "elimination", 0.85, 4000, candidate())
    trial(records, "elimination", 0.80, 1000, candidate("layer1.0"))
    trial(records, "elimination", 0.90, 2000, candidate("layer2.0"))
    trial(records, "scratch", 0.60, 500, candidate(stem=8))
    trial(records, "scratch", 0.75, 1500, candidate(stem=16))
    trial(records, "scratch", 0.70, 2500, candidate(stem=24))
    trial(records, "scratch", 0.65, 3000, candidate(stem=32))
    records.study("baselines", space="listed", scored_on="validation")
    trial(records, "baselines", 0.99, 100, candidate("layer3.0"), row="mine")
    trial(records, "baselines", 0.84, 4000, candidate(), row="uncut_again")
    return records


def by_name(rows: list[ListedRow]) -> dict[str, dict[str, str]]:
    return {row.name: {str(kind): other for kind, other in row.compared_with.items()} for row in rows}


def test_the_front_and_what_it_is_compared_with(records: Records) -> None:
    rows = choose_rows(records.compare())
    assert by_name(rows) == {
        "scratch-0": {"uncut": "elimination-0"},
        "elimination-1": {"uncut": "elimination-0", "scratch": "scratch-1"},  # 0.75, the best of 1000 or more
        "elimination-2": {"uncut": "elimination-0", "scratch": "scratch-2"},  # 0.70, the best of 2000 or more
        "elimination-0": {},
        "scratch-1": {"uncut": "elimination-0"},
        "scratch-2": {"uncut": "elimination-0"},
    }


def test_fewer_members_and_chosen_baselines(records: Records) -> None:
    comparison = records.compare()
    assert set(by_name(choose_rows(comparison, names=["elimination-2"]))) == {
        "elimination-2",
        "elimination-0",
        "scratch-2",
    }
    assert set(by_name(choose_rows(comparison, max_parameters=600))) == {"scratch-0", "elimination-0"}
    assert "mine" in by_name(choose_rows(comparison, baselines=["mine"]))


def test_a_candidate_is_trained_once_under_one_name(records: Records) -> None:
    rows = by_name(choose_rows(records.compare(), names=["elimination-1"], baselines=["uncut_again"]))
    assert "elimination-0" not in rows
    assert rows["elimination-1"]["uncut"] == "uncut_again"
    assert rows["uncut_again"] == {}


def test_what_there_is_not_is_refused_all_at_once(records: Records) -> None:
    with pytest.raises(BadInput) as refusal:
        choose_rows(records.compare(), names=["elimination-7"], baselines=["yours"])
    assert refusal.value.problems == [
        "no front member is called 'elimination-7'; there are: scratch-0, elimination-1, elimination-2",
        "no finished baseline is called 'yours'; there are: mine, uncut_again",
    ]
    with pytest.raises(BadInput, match="at most 400 parameters; the smallest has 500"):
        choose_rows(records.compare(), max_parameters=400)


def test_test_scores_do_not_change_what_is_chosen(records: Records) -> None:
    before: Comparison = records.compare()
    chosen = choose_rows(before)
    records.study("final", space="listed", scored_on="test")
    for f1_macro, cut in ((1.0, "layer3.0"), (0.0, "layer2.0"), (1.0, None)):
        trial(records, "final", f1_macro, 10, candidate(cut), row="elimination-9", test_f1_macro=f1_macro)
    after = records.compare()
    assert choose_rows(after) == chosen
    assert (after.joint_front, after.hypervolume, after.contributions) == (
        before.joint_front,
        before.hypervolume,
        before.contributions,
    )


def test_each_chosen_cut_has_its_control_from_random_weights(records: Records) -> None:
    cut = candidate("layer2.0") | {"initial_weights": "pretrained"}
    cut["recipe"] = RECIPE | {"frozen_stages": 2, "trunk_learning_rate": 0.3, "learning_rate": 0.007}
    trial(records, "elimination", 0.95, 2100, cut)
    rows = {row.name: row for row in choose_rows(records.compare(), names=["elimination-3"], controls=True)}
    assert list(rows) == ["elimination-3", "elimination-3-random", "elimination-0", "scratch-2"]
    assert rows["elimination-3"].compared_with["control"] == "elimination-3-random"
    control = rows["elimination-3-random"].candidate
    assert control.network == rows["elimination-3"].candidate.network
    assert (control.initial_weights, control.recipe) == (
        "random",
        Recipe(epochs=1, learning_rate=0.007, trunk_learning_rate=1.0, trunk_decay=1.0),
    )
    assert rows["elimination-3-random"].compared_with == {}


def test_where_no_network_from_scratch_is_as_large_the_best_one_is_listed(records: Records) -> None:
    trial(records, "elimination", 0.95, 3500, candidate("layer4.0"))
    rows = by_name(choose_rows(records.compare(), names=["elimination-3"]))
    assert rows == {
        "elimination-3": {"uncut": "elimination-0"},
        "elimination-0": {},
        "scratch-1": {"uncut": "elimination-0"},
    }
