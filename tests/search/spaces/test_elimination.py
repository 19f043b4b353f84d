from __future__ import annotations

from collections.abc import Sequence

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
from search.settings.spaces import EliminationSpace, Range
from search.spaces.elimination import check_space, cuts_in_space, first_parameters, sample
from search.spaces.recipe import own_recipe

HEADS = {"head", "head_of_first_stage"}
SPACE = EliminationSpace(backbones=("test_efficientnet", "test_resnet"), image_sizes=(32, 48), max_parameters=10**6)


def _sampled(seed: int, space: EliminationSpace = SPACE) -> tuple[Candidate, dict[str, object]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
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


def test_favourites_are_wanted_after_the_whole_backbones() -> None:
    cuts = {name: cuts_in_space(SPACE, anatomy(name, 32)) for name in SPACE.backbones}
    favourites = [
        ("test_resnet", str(cuts["test_resnet"][1].module)),
        ("test_efficientnet", str(cuts["test_efficientnet"][0].module)),
    ]
    parameters: dict[str, dict[str, object]] = {
        "whole efficientnet": {
            "backbone": "test_efficientnet",
            "test_efficientnet.cut": len(cuts["test_efficientnet"]) - 1,
        },
        "whole resnet": {"backbone": "test_resnet", "test_resnet.cut": len(cuts["test_resnet"]) - 1},
        "resnet": {"backbone": "test_resnet", "test_resnet.cut": 1, "head": "pool_linear"},
        "efficientnet": {
            "backbone": "test_efficientnet",
            "test_efficientnet.cut": 0,
            "head_of_first_stage": "pool_linear",
        },
    }
    assert {str(queued) for queued in first_parameters(SPACE, 9, favourites)} == set(map(str, parameters.values()))
    three = [parameters[name] for name in ("whole efficientnet", "whole resnet", "resnet")]
    assert {str(queued) for queued in first_parameters(SPACE, 3, favourites)} == set(map(str, three))
    macs = [cut.macs for cut in _queued_cuts(first_parameters(SPACE, 9, favourites))]
    assert macs == sorted(macs)


def test_favourites_are_built_with_the_head_that_was_profiled() -> None:
    study = optuna.create_study()
    favourites = [
        (name, str(cut.module)) for name in SPACE.backbones for cut in cuts_in_space(SPACE, anatomy(name, 32))[:-1]
    ]
    first = [queued for queued in first_parameters(SPACE, 100, favourites) if set(queued) & HEADS]
    for parameters in first:
        study.enqueue_trial(parameters)
    networks = [sample(study.ask(), SPACE, 6).network for _ in first]
    assert {network.head.kind for network in networks} == {"pool_linear"}
    built = {(network.backbone, network.cut) for network in networks if isinstance(network, EliminatedSpecification)}
    assert built == set(favourites)


def test_what_cannot_be_otherwise_is_not_queued() -> None:
    space = EliminationSpace(backbones=("test_resnet",), image_sizes=(32,), max_parameters=1)
    assert first_parameters(space, at_most=4) == []


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
