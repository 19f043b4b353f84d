from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optuna
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.anatomy import Cut, anatomy
from blocks.build import build
from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.spaces import TRAININGS, EliminationSpace, Range, Training
from search.spaces.counts import counts_of
from search.spaces.elimination import (
    at_cut,
    check_space,
    cuts_in_space,
    exits_of,
    first_parameters,
    place_of_cut,
    sample,
    trainings_of,
    with_linear_head,
)
from search.spaces.recipe import own_recipe
from search.spaces.sample import is_uncut, training_of

HEADS = {"head", "head_of_first_stage"}
SPACE = EliminationSpace(
    backbones=("test_efficientnet", "test_resnet"), image_sizes=(32, 48), max_parameters=10**6, trainings=("alone",)
)


def _sampled(
    seed: int, space: EliminationSpace = SPACE, queued: dict[str, Any] | None = None
) -> tuple[Candidate, dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    if queued is not None:
        study.enqueue_trial(queued)
    trial = study.ask()
    return sample(trial, space, 6), trial.params


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_sampled_can_be_built_frozen_and_run(seed: int) -> None:
    candidate, _ = _sampled(seed)
    network = build(candidate.network).freeze_stages(candidate.recipe.frozen_stages)
    size = candidate.network.image_size
    assert network(torch.rand(2, 3, size, size)).shape == (2, 6)
    assert isinstance(candidate.network, EliminatedSpecification)
    assert (candidate.network.mean, candidate.network.std) == _normalisation(candidate.network)
    assert Candidate.model_validate_json(candidate.model_dump_json()) == candidate


def _normalisation(network: EliminatedSpecification) -> tuple[object, object]:
    known = anatomy(network.backbone, network.image_size)
    return known.mean, known.std


def test_every_kind_of_head_and_the_uncut_network_are_reached() -> None:
    heads = {_sampled(seed)[0].network.head.kind for seed in range(60)}
    assert heads == {"pool_linear", "conv1x1", "conv3x3", "multi_tap", "original"}


def test_taps_are_stage_ends_below_the_cut() -> None:
    space = SPACE.model_copy(update={"heads": ("multi_tap",), "uncut": False})
    for seed in range(20):
        network = _sampled(seed, space)[0].network
        assert isinstance(network, EliminatedSpecification)
        known = anatomy(network.backbone, 32)
        cut = known.cut(network.cut)
        if cut.stage == 1:
            assert network.head.kind == "pool_linear"
        else:
            assert network.head.taps
            assert all(known.cut(tap).stage_end and known.cut(tap).stage < cut.stage for tap in network.head.taps)


def test_cuts_over_the_limit_are_not_in_the_space_but_the_uncut_network_is() -> None:
    known = anatomy("test_resnet", 32)
    limit = known.cuts[1].parameters
    space = EliminationSpace(backbones=("test_resnet",), image_sizes=(32,), max_parameters=limit)
    assert [cut.module for cut in cuts_in_space(space, known)] == [known.cuts[0].module, known.cuts[1].module, None]


def _queued_cuts(first: Sequence[dict[str, object]]) -> list[Cut]:
    """The cuts that these parameters stand for, as they are queued."""
    study = optuna.create_study()
    for parameters in first:
        study.enqueue_trial(parameters)
    networks = [sample(study.ask(), SPACE, 6).network for _ in first]
    return [anatomy(n.backbone, 32).cut(n.cut) for n in networks if isinstance(n, EliminatedSpecification)]


def test_a_study_begins_with_whole_backbones_and_their_stages_the_cheapest_first() -> None:
    ends = {name: [cut for cut in cuts_in_space(SPACE, anatomy(name, 32)) if cut.stage_end] for name in SPACE.backbones}
    wanted = [ends[name][depth] for depth in (-1, -2) for name in SPACE.backbones]  # uncut, the deepest stage's end
    assert _queued_cuts(first_parameters(SPACE, at_most=4)) == sorted(wanted, key=lambda cut: cut.macs)


EVERY = SPACE.model_copy(update={"trainings": TRAININGS})


def depth(name: str, space: EliminationSpace = EVERY) -> int:
    """The place of a backbone's deepest cut."""
    return len(cuts_in_space(space, anatomy(name, 32))) - 1


def test_a_study_with_shared_trainings_begins_with_the_probes_of_each_backbone() -> None:
    first = first_parameters(EVERY, at_most=4)
    assert first == [
        {"backbone": name, "image_size": 32, "training": "probe", f"{name}.cut": depth(name)}
        for name in EVERY.backbones
    ]
    probed = [_sampled(0, EVERY, parameters)[0] for parameters in first]
    assert [training_of(candidate) for candidate in probed] == ["probe", "probe"]
    assert all(is_uncut(candidate) for candidate in probed)
    assert {candidate.recipe.epochs for candidate in probed} == {1}


def test_without_shared_trainings_separate_ones_follow_the_probes() -> None:
    space = SPACE.model_copy(update={"trainings": ("probe", "alone")})
    first = first_parameters(space, at_most=3)
    assert [parameters["training"] for parameters in first] == ["probe"] * 2 + ["alone"] * 3
    assert [
        each["training"] for each in first_parameters(SPACE.model_copy(update={"trainings": ("shared", "probe")}), 3)
    ] == ["probe"] * 2
    probes = first_parameters(SPACE.model_copy(update={"trainings": ("probe",)}), at_most=3)
    assert [each.get("training") for each in probes] == [None, None], "there is no other kind"
    separate = [{key: value for key, value in each.items() if key != "training"} for each in first[2:]]
    assert separate == first_parameters(SPACE, at_most=3)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["probe", "shared", "alone"]),
        ({"initial_weights": "random"}, ["shared", "alone"]),
        ({"heads": ("conv1x1", "pool_linear")}, ["probe", "shared", "alone"]),
        ({"heads": ("conv1x1",)}, ["alone"]),
        ({"heads": ("conv1x1",), "trainings": ("probe", "shared")}, ["alone"]),
        ({"initial_weights": "random", "trainings": ("probe",)}, ["alone"]),
        ({"trainings": ("alone", "shared")}, ["alone", "shared"]),
    ],
)
def test_probes_need_pretrained_weights_and_all_but_separate_trainings_linear_heads(
    changes: dict[str, Any], expected: list[str]
) -> None:
    assert trainings_of(EVERY.model_copy(update=changes)) == expected


def test_all_kinds_of_trainings_are_reached_and_each_can_be_built() -> None:
    kinds: dict[Training, tuple[Candidate, dict[str, Any]]] = {}
    for seed in range(40):
        candidate, parameters = _sampled(seed, EVERY)
        kinds.setdefault(training_of(candidate), (candidate, parameters))
        assert training_of(candidate) == parameters["training"]
        assert Candidate.model_validate_json(candidate.model_dump_json()) == candidate
    assert kinds.keys() == {*TRAININGS}
    for kind, (candidate, parameters) in kinds.items():
        assert build(candidate.network)(torch.rand(2, 3, *[candidate.network.image_size] * 2)).shape == (2, 6)
        assert ("learning_rate" in parameters) == (kind != "probe")
        assert ("frozen_stages" in parameters) or kind != "alone"
        if kind != "alone":
            assert not {*HEADS, "frozen_stages"} & parameters.keys()
            assert candidate.recipe.frozen_stages == 0


@pytest.mark.parametrize("training", ["probe", "shared"])
@pytest.mark.parametrize("at", [0, 2, None])
def test_a_training_gives_all_cuts_up_to_its_own(training: Training, at: int | None) -> None:
    space = EVERY.model_copy(update={"max_parameters": 10**15})
    candidate, parameters = _sampled(1, space, at_cut(space, "test_resnet", training, at))
    cuts = cuts_in_space(space, anatomy("test_resnet", 32))[: None if at is None else at + 1]
    exits = exits_of(candidate, space)
    networks = [each.network for each in exits]
    assert [network.cut for network in networks if isinstance(network, EliminatedSpecification)] == [
        cut.module for cut in cuts
    ]
    assert exits[-1] == candidate
    assert len({each.key for each in exits}) == len(exits)
    assert [place_of_cut(each, space) for each in exits] == [("test_resnet.cut", place) for place in range(len(cuts))]
    assert {network.head.kind for network in networks} == (
        {"pool_linear"} if at is not None else {"pool_linear", "original"}
    )
    assert {network.head.dropout for network in networks} == {parameters.get("dropout", 0.0)}
    assert {each.recipe for each in exits} == {candidate.recipe}
    assert {training_of(each) for each in exits} == {training}


def test_a_training_alone_gives_one_network() -> None:
    candidate, _ = _sampled(3)
    assert exits_of(candidate, SPACE) == [candidate]


def test_the_deepest_cut_of_a_training_is_within_the_limit_of_macs() -> None:
    cuts = anatomy("test_resnet", 32).cuts
    limited = EVERY.model_copy(update={"max_macs": cuts[1].macs, "uncut": False})
    assert at_cut(limited, "test_resnet", "shared")["test_resnet.cut"] == 1
    with_uncut = limited.model_copy(update={"uncut": True})
    assert at_cut(with_uncut, "test_resnet", "shared")["test_resnet.cut"] == depth("test_resnet"), "it has no limit"
    hopeless = limited.model_copy(update={"max_macs": 1})
    assert at_cut(hopeless, "test_resnet", "shared")["test_resnet.cut"] == 0


def test_the_deepest_cut_of_a_training_is_within_the_limits_on_memory() -> None:
    known = anatomy("test_resnet", 32)
    counts = [counts_of(with_linear_head(known, cut, 2)) for cut in known.cuts[:3]]
    for kind in ("flash", "ram"):
        kilobytes = [-(-count[f"{kind}_bytes"] // 1024) for count in counts]
        assert kilobytes[1] < kilobytes[2]
        limited = EVERY.model_copy(update={f"max_{kind}_kb": kilobytes[1], "uncut": False})
        assert at_cut(limited, "test_resnet", "shared")["test_resnet.cut"] == 1
    hopeless = EVERY.model_copy(update={"max_ram_kb": 1, "uncut": False})
    assert at_cut(hopeless, "test_resnet", "shared")["test_resnet.cut"] == 0


def test_parameters_without_a_choice_are_left_out() -> None:
    space = EliminationSpace(backbones=("test_resnet",), image_sizes=(32,), trainings=("shared",))
    assert at_cut(space, "test_resnet", "shared") == {"test_resnet.cut": depth("test_resnet", space)}
    assert at_cut(space, "test_resnet", "shared", 1) == {"test_resnet.cut": 1}
    assert at_cut(space.model_copy(update={"max_parameters": 1}), "test_resnet", "shared") == {}


def test_the_first_candidates_can_be_told_to_take_the_recipe_of_the_space() -> None:
    space = SPACE.model_copy(update={"learning_rate": Range(low=5e-3, high=1e-2, log=True)})
    study = optuna.create_study()
    study.enqueue_trial({**own_recipe(space), "frozen_stages": 0})
    recipe = sample(study.ask(), space, 6).recipe
    assert recipe == space.recipe.model_copy(update={"learning_rate": 5e-3})  # its own 3e-3 is not in the range


def test_random_weights_leave_nothing_frozen() -> None:
    candidate, parameters = _sampled(3, SPACE.model_copy(update={"initial_weights": "random"}))
    assert candidate.initial_weights == "random"
    assert candidate.recipe.frozen_stages == 0
    assert "frozen_stages" not in parameters


def test_all_backbones_that_cannot_be_used_are_named_at_once() -> None:
    space = EliminationSpace(
        backbones=("resnet81", "hrnet_w18_small", "test_resnet"), image_sizes=(32,), max_parameters=1, uncut=False
    )
    with pytest.raises(BadInput) as caught:
        check_space(space)
    assert [problem.split(" ")[-1] for problem in caught.value.problems] != []
    text = str(caught.value)
    assert "no model 'resnet81'" in text
    assert "hrnet_w18_small (HighResolutionNet) cannot be cut" in text
    assert "test_resnet has no cut of at most max_parameters=1" in text
