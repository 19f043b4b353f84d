from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import optuna
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from blocks.scratch import build_scratch
from blocks.specification import ScratchSpecification, StageSpecification
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.spaces import Range, ScratchSpace
from search.spaces.scratch import check_space, sample

CLASSES = 3
RECIPE = {"learning_rate", "weight_decay", "augmentation"}
EVERY_BLOCK = ("conv", "dwconv", "inverted_residual_v2", "inverted_residual_v3", "mbconv")


def space(**fields: Any) -> ScratchSpace:
    """A space small enough to build its networks quickly."""
    return ScratchSpace.model_validate({"image_sizes": (32, 48), "stages": (1, 3), "max_repeats": 2, **fields})


SPACES = [
    space(),
    space(blocks=EVERY_BLOCK, activations=("relu", "relu6")),
    space(blocks=("inverted_residual_v3", "dwconv"), expansions=(1, 1.5, 4)),
    space(blocks=("mbconv",), widths=(8, 16), stem_channels=(8, 16), width_multipliers=(1,), depth_multipliers=(1,)),
    space(blocks=("mbconv", "inverted_residual_v2"), heads=("conv1x1",), min_feature_size=8),
    space(blocks=("conv",), image_sizes=(8,), min_feature_size=1, stages=(4, 4)),
]
spaces = st.sampled_from(SPACES)
seeds = st.integers(0, 2**32 - 1)


def draw(space: ScratchSpace, seed: int, parameters: dict[str, Any] | None = None) -> tuple[optuna.Trial, Candidate]:
    """A trial with `parameters`, at random where they name no value, and its candidate."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    study.enqueue_trial(parameters or {})
    trial = study.ask()
    return trial, sample(trial, space, CLASSES)


def network_of(candidate: Candidate) -> ScratchSpecification:
    assert isinstance(candidate.network, ScratchSpecification)
    return candidate.network


@cache
def structure(specification: ScratchSpecification) -> tuple[object, ...]:
    """What the network computes, whatever its classes are called: input size, layers in order, all tensors' shapes."""
    with torch.device("meta"):
        network = build_scratch(specification)
    layers = tuple(repr(module) for module in network.modules() if not list(module.children()))
    return specification.image_size, layers, tuple(tuple(tensor.shape) for tensor in network.state_dict().values())


def alternatives(distribution: BaseDistribution, value: Any) -> list[Any]:
    """Other legal values: all of a choice or count, the ends of an interval."""
    match distribution:
        case CategoricalDistribution(choices=choices):
            legal = list(choices)
        case IntDistribution(low=low, high=high):
            legal = list(range(low, high + 1))
        case FloatDistribution(low=low, high=high):
            legal = [low, high]
        case _:
            raise TypeError(distribution)
    return [other for other in legal if other != value]


@settings(max_examples=150, deadline=None)
@given(space=spaces, seed=seeds, data=st.data())
def test_every_suggested_architecture_value_changes_the_network(
    space: ScratchSpace, seed: int, data: st.DataObject
) -> None:
    trial, candidate = draw(space, seed)
    name = data.draw(st.sampled_from(sorted(trial.params.keys() - RECIPE)))
    value = data.draw(st.sampled_from(alternatives(trial.distributions[name], trial.params[name])))
    _, flipped = draw(space, seed, {**trial.params, name: value})
    assert structure(network_of(flipped)) != structure(network_of(candidate)), (name, trial.params[name], value)


@pytest.mark.parametrize("space", SPACES)
def test_every_value_of_every_parameter_of_one_trial_gives_another_network(space: ScratchSpace) -> None:
    trial, candidate = draw(space, seed=5)
    for name in trial.params.keys() - RECIPE:
        networks = {structure(network_of(candidate))}
        values = alternatives(trial.distributions[name], trial.params[name])
        for value in values:
            _, flipped = draw(space, 5, {**trial.params, name: value})
            networks.add(structure(network_of(flipped)))
        assert len(networks) == 1 + len(values), name


def test_structure_is_not_fooled_by_names() -> None:
    """Without squeeze-and-excitation the three inverted residuals are one block: the space must not offer it twice."""

    def one_stage(block: str, **fields: object) -> ScratchSpecification:
        stage = StageSpecification.model_validate({"block": block, "channels": 8, "expansion": 2, **fields})
        return ScratchSpecification(image_size=16, classes=2, stem_channels=8, stages=(stage,))

    plain = structure(one_stage("inverted_residual_v2"))
    assert structure(one_stage("inverted_residual_v3")) == plain
    assert structure(one_stage("mbconv")) == plain
    squeezed = {structure(one_stage(block, squeeze_excitation=True)) for block in ("inverted_residual_v3", "mbconv")}
    assert len(squeezed | {plain}) == 3
    assert structure(one_stage("mbconv", stochastic_depth=0.1)) != plain


@pytest.mark.parametrize(
    ("blocks", "may_go_without"),
    [
        (("mbconv",), {"mbconv"}),
        (("dwconv", "inverted_residual_v3"), {"inverted_residual_v3"}),
        (("dwconv", "inverted_residual_v3", "mbconv"), {"inverted_residual_v3"}),
        (("mbconv", "inverted_residual_v3"), {"mbconv"}),
        (("mbconv", "inverted_residual_v3", "inverted_residual_v2"), set()),
    ],
)
def test_one_kind_of_block_at_most_may_go_without_squeeze_and_excitation(
    blocks: tuple[str, ...], may_go_without: set[str]
) -> None:
    found = set()
    for seed in range(25):
        trial, candidate = draw(space(blocks=blocks), seed)
        for number, stage in enumerate(network_of(candidate).stages, start=1):
            suggested = f"stage{number}.squeeze_excitation" in trial.params
            assert suggested == (stage.block in may_go_without)
            if stage.block in ("inverted_residual_v3", "mbconv") and not stage.squeeze_excitation:
                found.add(stage.block)
    assert found == may_go_without


@settings(max_examples=40, deadline=None)
@given(space=spaces, seed=seeds)
def test_a_sampled_network_fits_its_images_and_survives_json(space: ScratchSpace, seed: int) -> None:
    specification = network_of(draw(space, seed)[1])
    size = specification.image_size
    assert size // specification.total_stride >= space.min_feature_size
    with torch.device("meta"):
        network, images = build_scratch(specification), torch.empty(2, 3, size, size)
        (feature_map,) = network.trunk(images)
        assert feature_map.shape[-1] == -(-size // specification.total_stride)
        assert network(images).shape == (2, CLASSES)
    read = ScratchSpecification.model_validate_json(specification.model_dump_json())
    assert read == specification
    with torch.device("meta"):
        again = build_scratch(read)
    assert [(name, tensor.shape) for name, tensor in again.state_dict().items()] == [
        (name, tensor.shape) for name, tensor in network.state_dict().items()
    ]


@pytest.mark.parametrize("space", SPACES)
def test_a_sampled_network_runs_forward_and_backward(space: ScratchSpace) -> None:
    specification = network_of(draw(space, seed=1)[1])
    network = build_scratch(specification)
    logits = network(torch.rand(2, 3, specification.image_size, specification.image_size))
    assert logits.shape == (2, CLASSES)
    logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@settings(max_examples=20, deadline=None)
@given(space=spaces, seed=seeds, name=st.sampled_from(sorted(RECIPE)))
def test_the_recipe_is_sampled_and_leaves_the_network_alone(space: ScratchSpace, seed: int, name: str) -> None:
    trial, candidate = draw(space, seed)
    value = alternatives(trial.distributions[name], trial.params[name])[0]
    _, other = draw(space, seed, {**trial.params, name: value})
    assert other.network == candidate.network
    assert other.recipe == candidate.recipe.model_copy(update={name: value})
    assert candidate.initial_weights == "random"
    assert (candidate.recipe.frozen_stages, candidate.recipe.trunk_learning_rate) == (0, 1.0)


@pytest.mark.parametrize("space", [ScratchSpace(), *SPACES])
def test_a_parameter_has_one_distribution_in_a_study(space: ScratchSpace) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen: dict[str, BaseDistribution] = {}
    for _ in range(60):
        trial = study.ask()
        sample(trial, space, CLASSES)
        for name, distribution in trial.distributions.items():
            assert seen.setdefault(name, distribution) == distribution
            assert not distribution.single()


def test_what_has_one_option_is_not_suggested() -> None:
    one = Range(low=0.01, high=0.01)
    fixed = space(
        image_sizes=(32,),
        blocks=("mbconv", "mbconv"),
        stages=(2, 2),
        stem_channels=(8,),
        widths=(16,),
        max_repeats=1,
        kernels=(5,),
        expansions=(3,),
        activations=("silu",),
        stochastic_depths=(0.0,),
        width_multipliers=(1,),
        depth_multipliers=(2,),
        heads=("conv1x1",),
        head_widths=(24,),
        min_feature_size=16,
        dropout=one,
        learning_rate=one,
        weight_decay=one,
        augmentation=one,
    )
    trial, candidate = draw(fixed, 0, {"stage1.squeeze_excitation": True, "stage2.squeeze_excitation": False})
    assert trial.params == {"stage1.squeeze_excitation": True, "stage2.squeeze_excitation": False}
    specification = network_of(candidate)
    assert specification.stages[0] == StageSpecification(
        block="mbconv", channels=16, repeats=2, kernel=5, activation="silu", expansion=3, squeeze_excitation=True
    )
    assert specification.stages[1] == specification.stages[0].model_copy(update={"squeeze_excitation": False})
    assert (specification.head.width, specification.head.dropout) == (24, 0.01)
    assert candidate.recipe.learning_rate == 0.01


def test_multipliers_scale_stages_and_stochastic_depth_grows_with_depth() -> None:
    parameters: dict[str, Any] = {"image_size": 48, "stem_channels": 16, "width_multiplier": 0.75, "stages": 3}
    parameters |= {"depth_multiplier": 2, "stochastic_depth": 0.2, "stage1.repeats": 2}
    parameters |= {f"stage{number}.block": "mbconv" for number in (1, 2)} | {"stage3.block": "dwconv"}
    parameters |= {f"stage{number}.width": width for number, width in ((1, 16), (2, 48), (3, 128))}
    _, candidate = draw(space(), 0, parameters)
    specification = network_of(candidate)
    assert specification.stem_channels == 16
    assert [stage.channels for stage in specification.stages] == [16 * 3 // 4, 48 * 3 // 4, 128 * 3 // 4]
    assert specification.stages[0].repeats == 2 * 2
    depths = [stage.stochastic_depth for stage in specification.stages]
    assert depths == [pytest.approx(0.2 * 1 / 3), pytest.approx(0.2 * 2 / 3), 0.0]


@pytest.mark.parametrize(("width", "stride", "suggested"), [(16, 1, True), (16, 2, False), (32, 1, False)])
def test_stochastic_depth_is_suggested_only_where_a_shortcut_makes_it_act(
    width: int, stride: int, suggested: bool
) -> None:
    single = space(
        blocks=("mbconv",),
        stages=(1, 1),
        max_repeats=1,
        depth_multipliers=(1,),
        width_multipliers=(1,),
        widths=(16, 32),
    )
    trial, candidate = draw(single, 0, {"stem_channels": 16, "stage1.width": width, "stage1.stride": stride})
    assert ("stochastic_depth" in trial.params) == suggested
    if not suggested:
        assert network_of(candidate).stages[0].stochastic_depth == 0


def test_strides_stop_where_the_feature_map_would_become_too_small() -> None:
    deep = space(image_sizes=(48,), stages=(5, 5), min_feature_size=3)
    trial, candidate = draw(deep, 0, {f"stage{number}.stride": 2 for number in range(1, 6)})
    assert [stage.stride for stage in network_of(candidate).stages] == [2, 2, 2, 1, 1]  # 48 -> stem 24 -> 12, 6, 3
    assert not {"stage4.stride", "stage5.stride"} & trial.params.keys()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"stages": (3, 2)}, "stages: expected fewest <= most, got 3..2"),
        (
            {"image_sizes": (8, 64), "min_feature_size": 5},
            "min_feature_size: 8 px images leave 4 px after the stem, expected 5 or more; lower it or use larger ones",
        ),
        (
            {"widths": (8,), "width_multipliers": (0.05, 1)},
            "width_multipliers: 0.05 leaves nothing of width 8; drop one of them",
        ),
        (
            {"widths": (8,), "width_multipliers": (1.0, 1.05)},
            "width_multipliers: 1.0 and 1.05 both give 8 channels at width 8; drop one of them",
        ),
        (
            {"widths": (11, 12), "width_multipliers": (0.5, 4), "blocks": ("conv",)},
            "widths: 11 and 12 both give 6 channels at multiplier 0.5; drop one of them",
        ),
        (
            {"stem_channels": (2,), "expansions": (2, 2.2)},
            "expansions: 2.0 and 2.2 both give 4 channels at 2 input channels; drop one of them",
        ),
    ],
)
def test_a_space_whose_choices_make_no_difference_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadInput) as error:
        draw(space(**fields), 0)
    assert problem in error.value.problems


def test_all_problems_of_a_space_come_at_once() -> None:
    with pytest.raises(BadInput) as error:
        check_space(space(stages=(3, 2), image_sizes=(8,), min_feature_size=5, blocks=("conv",), widths=(10, 11)))
    assert [problem.split(":")[0] for problem in error.value.problems] == ["stages", "min_feature_size", "widths"]


def test_expansions_are_no_problem_where_no_block_expands() -> None:
    check_space(space(stem_channels=(2,), expansions=(2, 2.2), blocks=("conv", "dwconv")))


def test_the_default_space_is_sound_and_keeps_multiples_of_4() -> None:
    default = ScratchSpace()
    check_space(default)
    scaled = [width * multiplier for width in default.widths for multiplier in default.width_multipliers]
    assert all(channels % 4 == 0 for channels in scaled)
    assert all(low < high for low, high in pairwise(sorted(default.stem_channels)))
