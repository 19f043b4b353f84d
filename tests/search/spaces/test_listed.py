from __future__ import annotations

from typing import Any

import optuna
import pytest
from pydantic import ValidationError

from blocks.specification import EliminatedSpecification, HeadSpecification, ScratchSpecification, StageSpecification
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.spaces import ListedRow, ListedSpace
from search.spaces.listed import all_parameters, check_space, sample
from tests.conftest import LoadSettings


def row(name: str, epochs: int = 1, size: int = 32) -> ListedRow:
    stages = (StageSpecification(block="conv", channels=16),)
    network = ScratchSpecification(image_size=size, classes=3, stem_channels=8, stages=stages)
    recipe = Recipe(epochs=epochs, batch_size=16)
    return ListedRow(name=name, candidate=Candidate(network=network, initial_weights="random", recipe=recipe))


def test_every_queued_trial_stands_for_its_row_and_seed() -> None:
    space = ListedSpace(rows=(row("one"), row("two", epochs=2)), seeds=2, first_seed=7)
    queued = all_parameters(space)
    assert queued == [{"row": name, "repeat": repeat} for repeat in (0, 1) for name in ("one", "two")], (
        "every row has its first seed before any has its second"
    )
    sampled = [sample(optuna.trial.FixedTrial(parameters), space) for parameters in queued]
    assert [(found.name, found.candidate.recipe.epochs, seed) for found, seed in sampled] == [
        ("one", 1, 7),
        ("two", 2, 7),
        ("one", 1, 8),
        ("two", 2, 8),
    ]


def test_a_list_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValidationError, match="two rows are called 'one'"):
        ListedSpace(rows=(row("one"), row("one", epochs=2)))
    with pytest.raises(ValidationError, match="trained on validation cannot be scored on it"):
        ListedSpace(rows=(row("one"),), trained_on="train+validation")


def test_its_sizes_are_those_of_its_rows() -> None:
    assert ListedSpace(rows=(row("one"), row("two", size=48), row("three"))).image_sizes == (32, 48)


def test_a_row_that_cannot_be_built_is_refused_by_name() -> None:
    def eliminated(cut: str) -> ListedRow:
        network = EliminatedSpecification(
            backbone="test_resnet", image_size=32, classes=3, cut=cut, head=HeadSpecification()
        )
        return ListedRow(name=cut, candidate=Candidate(network=network, initial_weights="random", recipe=Recipe()))

    check_space(ListedSpace(rows=(eliminated("layer2.0"), row("scratch"))))
    with pytest.raises(BadInput, match=r"row layer9: test_resnet has no cut 'layer9'"):
        check_space(ListedSpace(rows=(eliminated("layer2.0"), eliminated("layer9"))))


def test_settings_take_a_list_but_none_that_reads_the_test_split(load_settings: LoadSettings) -> None:
    space: dict[str, Any] = ListedSpace(rows=(row("one"), row("two")), seeds=3).model_dump(mode="json")
    settings = load_settings(studies={"mine": space})
    assert settings.budget("mine") == (2 * 3, None)
    with pytest.raises(BadInput, match=r"scored_on test is for `python -m search.finalize` alone"):
        load_settings(studies={"mine": {**space, "scored_on": "test"}})
