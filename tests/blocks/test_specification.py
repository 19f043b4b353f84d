from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from blocks.specification import (
    EXPANDING_BLOCKS,
    SQUEEZING_BLOCKS,
    EliminatedSpecification,
    HeadSpecification,
    NetworkSpecification,
    ScratchSpecification,
    StageSpecification,
)

CONV: dict[str, Any] = {"block": "conv", "channels": 8}
NETWORK: TypeAdapter[ScratchSpecification | EliminatedSpecification] = TypeAdapter(NetworkSpecification)
SCRATCH: dict[str, Any] = {"image_size": 32, "classes": 3, "stem_channels": 8, "stages": (CONV,)}
ELIMINATED: dict[str, Any] = {"image_size": 32, "classes": 3, "backbone": "resnet18", "cut": "layer2"}


def messages(model: type[Any], fields: dict[str, Any]) -> dict[str, str]:
    """Message of each problem by where it is."""
    with pytest.raises(ValidationError) as error:
        model.model_validate(fields)
    return {".".join(map(str, problem["loc"])): problem["msg"] for problem in error.value.errors()}


def refusal(model: type[Any], fields: dict[str, Any]) -> str:
    """The one message about the whole object."""
    (message,) = messages(model, fields).values()
    return message.removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "pool_linear", "width": 8}, "head 'pool_linear' has no width"),
        ({"kind": "conv1x1"}, "head 'conv1x1' needs width"),
        ({"kind": "conv1x1", "width": 8, "convolutions": 1}, "head 'conv1x1' has no convolutions"),
        ({"kind": "conv3x3", "width": 8}, "head 'conv3x3' needs convolutions"),
        (
            {"kind": "conv3x3", "taps": ("a",)},
            "head 'conv3x3' needs width; head 'conv3x3' needs convolutions; head 'conv3x3' has no taps",
        ),
        ({"kind": "multi_tap"}, "head 'multi_tap' needs taps"),
        ({"kind": "multi_tap", "taps": ("a",), "width": 8}, "head 'multi_tap' has no width"),
        ({"kind": "original", "taps": ("a",)}, "head 'original' has no taps"),
    ],
)
def test_a_head_has_the_fields_of_its_kind_and_no_others(fields: dict[str, Any], message: str) -> None:
    assert refusal(HeadSpecification, fields) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"block": "mbconv"}, "block 'mbconv' needs expansion"),
        ({"block": "conv", "expansion": 2}, "block 'conv' has no expansion"),
        ({"block": "dwconv", "squeeze_excitation": True}, "block 'dwconv' has no squeeze_excitation"),
        (
            {"block": "inverted_residual_v2", "squeeze_excitation": True, "stochastic_depth": 0.1},
            (
                "block 'inverted_residual_v2' needs expansion; block 'inverted_residual_v2' has no squeeze_excitation; "
                "block 'inverted_residual_v2' has no stochastic_depth"
            ),
        ),
        (
            {"block": "inverted_residual_v3", "expansion": 2, "stochastic_depth": 0.1},
            "block 'inverted_residual_v3' has no stochastic_depth",
        ),
    ],
)
def test_a_stage_has_the_fields_of_its_block_and_no_others(fields: dict[str, Any], message: str) -> None:
    assert refusal(StageSpecification, {"channels": 8, **fields}) == message


def test_all_fields_out_of_range_are_named_at_once() -> None:
    fields = {"block": "mb", "channels": 0, "repeats": 0, "kernel": 4, "stride": 3, "activation": "tanh", "depth": 1}
    assert set(messages(StageSpecification, fields)) == set(fields)
    assert set(messages(StageSpecification, {**CONV, "expansion": 0.5, "stochastic_depth": 1})) == {
        "expansion",
        "stochastic_depth",
    }
    assert set(messages(HeadSpecification, {"kind": "x", "width": 0, "convolutions": 0, "dropout": 1})) == {
        "kind",
        "width",
        "convolutions",
        "dropout",
    }
    assert set(messages(ScratchSpecification, {"image_size": 7, "classes": 1, "stem_channels": 0, "stages": ()})) == {
        "image_size",
        "classes",
        "stem_channels",
        "stages",
    }


def test_total_stride_counts_the_stem_and_must_fit_the_image() -> None:
    halving = {**CONV, "stride": 2}
    fitting = {**SCRATCH, "image_size": 16, "stages": (halving, CONV, halving, halving)}
    assert ScratchSpecification.model_validate(fitting).total_stride == 2 * 2 * 1 * 2 * 2
    too_deep = {**fitting, "stages": (halving,) * 4}
    assert refusal(ScratchSpecification, too_deep) == "total stride 32 does not fit images of 16 px"


@pytest.mark.parametrize(
    "head",
    [
        {"kind": "conv3x3", "width": 8, "convolutions": 1},
        {"kind": "multi_tap", "taps": ("a",)},
        {"kind": "original"},
    ],
)
def test_a_scratch_network_refuses_the_heads_of_cut_backbones(head: dict[str, Any]) -> None:
    message = f"a scratch network takes head pool_linear or conv1x1, not {head['kind']!r}"
    assert refusal(ScratchSpecification, {**SCRATCH, "head": head}) == message


@pytest.mark.parametrize("fields", [{"cut": None}, {"head": {"kind": "original"}}])
def test_the_original_head_goes_with_an_uncut_backbone(fields: dict[str, Any]) -> None:
    assert refusal(EliminatedSpecification, {**ELIMINATED, **fields}) == (
        "head 'original' belongs to a full backbone (cut: null), and a full backbone has no other head"
    )
    assert EliminatedSpecification.model_validate({**ELIMINATED, "cut": None, "head": {"kind": "original"}})


def test_a_specification_cannot_be_changed_and_can_be_a_key() -> None:
    specification = ScratchSpecification.model_validate(SCRATCH)
    with pytest.raises(ValidationError, match="frozen"):
        specification.classes = 4  # type: ignore[misc]
    assert {specification: 1}[ScratchSpecification.model_validate(SCRATCH)] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "valid dictionary"),
        ({"image_size": 32}, "Unable to extract tag using discriminator 'family'"),
        ({"family": "other"}, "does not match any of the expected tags: 'scratch', 'eliminated'"),
        ({"family": "scratch", "layers": 3}, "scratch.layers"),
    ],
)
def test_what_describes_no_network_is_refused(content: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        NETWORK.validate_python(content)


stages = st.sampled_from(["conv", "dwconv", "inverted_residual_v2", "inverted_residual_v3", "mbconv"]).flatmap(
    lambda block: st.builds(
        StageSpecification,
        block=st.just(block),
        channels=st.integers(1, 999),
        repeats=st.integers(1, 9),
        kernel=st.sampled_from((3, 5, 7)),
        activation=st.sampled_from(("relu", "relu6", "hard_swish", "silu")),
        expansion=st.floats(1, 10) if block in EXPANDING_BLOCKS else st.none(),
        squeeze_excitation=st.booleans() if block in SQUEEZING_BLOCKS else st.just(False),
        stochastic_depth=st.floats(0, 1, exclude_max=True) if block == "mbconv" else st.just(0.0),
    )
)
heads = st.one_of(
    st.builds(HeadSpecification, dropout=st.floats(0, 1, exclude_max=True)),
    st.builds(HeadSpecification, kind=st.just("conv1x1"), width=st.integers(1, 999)),
)
cut_heads = st.one_of(
    heads,
    st.builds(HeadSpecification, kind=st.just("conv3x3"), width=st.integers(1, 999), convolutions=st.integers(1, 4)),
    st.builds(HeadSpecification, kind=st.just("multi_tap"), taps=st.lists(st.text(), min_size=1).map(tuple)),
)
scratch = st.builds(
    ScratchSpecification,
    image_size=st.integers(8, 1024),
    classes=st.integers(2, 1000),
    stem_channels=st.integers(1, 99),
    stages=st.lists(stages, min_size=1, max_size=4).map(tuple),
    head=heads,
)
eliminated = st.builds(
    EliminatedSpecification,
    image_size=st.integers(8, 1024),
    classes=st.integers(2, 1000),
    mean=st.tuples(*[st.floats(0, 1)] * 3),
    backbone=st.text(),
    cut=st.text(),
    head=cut_heads,
)


@given(specification=st.one_of(scratch, eliminated))
def test_json_makes_an_equal_specification(specification: ScratchSpecification | EliminatedSpecification) -> None:
    assert NETWORK.validate_json(specification.model_dump_json()) == specification
