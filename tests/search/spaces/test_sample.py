from __future__ import annotations

from typing import Any

import optuna
from pydantic import TypeAdapter

from blocks.anatomy import anatomy
from blocks.specification import (
    EliminatedSpecification,
    HeadSpecification,
    NetworkSpecification,
    ScratchSpecification,
    StageSpecification,
)
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.spaces import AnySpace, StudySpace
from search.spaces.sample import sample_candidate, summary, training_of
from tests.conftest import tiny_elimination, tiny_scratch


def eliminated(**changes: Any) -> EliminatedSpecification:
    known = anatomy("test_resnet", 32)
    head = HeadSpecification(kind="pool_linear")
    content = {"backbone": "test_resnet", "image_size": 32, "classes": 3, "cut": "layer2.0", "head": head, **changes}
    return EliminatedSpecification.model_validate({"mean": known.mean, "std": known.std, **content})


def candidate(network: NetworkSpecification) -> Candidate:
    return Candidate(network=network, initial_weights="random", recipe=Recipe())


def parsed(space: dict[str, Any]) -> AnySpace:
    checked: AnySpace = TypeAdapter(StudySpace).validate_python(space)
    return checked


def test_candidates_in_a_line_for_people() -> None:
    head = HeadSpecification(kind="conv3x3", width=64, convolutions=2)
    assert summary(candidate(eliminated(head=head))) == "test_resnet to layer2.0 + conv3x3 64 2, 32 px"
    taps = HeadSpecification(kind="multi_tap", taps=("layer1.0",))
    assert summary(candidate(eliminated(head=taps))) == "test_resnet to layer2.0 + multi_tap layer1.0, 32 px"
    stages = (
        StageSpecification(block="inverted_residual_v2", channels=16, repeats=2, kernel=3, stride=2, expansion=3.0),
        StageSpecification(block="dwconv", channels=24, repeats=1, kernel=3, stride=1),
    )
    network = ScratchSpecification(
        image_size=32, classes=3, stem_channels=8, stages=stages, head=HeadSpecification(kind="pool_linear")
    )
    assert summary(candidate(network)) == "irv2_c16_r2_s2 dwconv_c24 + pool_linear, 32 px"


def test_a_summary_says_how_a_network_is_trained_with_others() -> None:
    some = candidate(eliminated())
    assert (training_of(some), summary(some)) == ("alone", "test_resnet to layer2.0 + pool_linear, 32 px")
    shared = some.model_copy(update={"exits": ("layer1.0", "layer2.0")})
    assert training_of(shared) == "shared"
    assert summary(shared) == "test_resnet to layer2.0 + pool_linear, 32 px, shared training"
    probe = some.model_copy(update={"recipe": Recipe(method="linear_probe", epochs=1)})
    assert training_of(probe) == "probe"
    assert summary(probe) == "test_resnet to layer2.0 + pool_linear, 32 px, linear probe"
    uncut = candidate(eliminated(cut=None, head=HeadSpecification(kind="original")))
    assert summary(uncut.model_copy(update={"exits": (None,)})) == "test_resnet uncut, 32 px, shared training"


def test_samples_of_both_spaces() -> None:
    for space, kind in ((tiny_elimination(), "eliminated"), (tiny_scratch(), "scratch")):
        trial = optuna.create_study().ask()
        assert sample_candidate(trial, parsed(space), 3).network.family == kind
