"""The study of baselines: the network and the training recipe of each baseline."""

from __future__ import annotations

from collections.abc import Sequence

import timm

from baselines.rows import Baseline
from blocks.specification import EliminatedSpecification
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.search import Settings
from search.settings.spaces import EliminationSpace, ListedRow, ListedSpace, ScratchSpace, Space
from search.spaces.recipe import own_recipe, sound_recipe


def specification(row: Baseline, image_size: int, classes: int, dropout: float = 0.0) -> EliminatedSpecification:
    """The baseline's network for images of this size, normalised as its backbone was trained."""
    config = timm.models.get_pretrained_cfg(row.network.backbone)
    assert config is not None, f"timm has no {row.network.backbone}"
    return EliminatedSpecification(
        backbone=row.network.backbone,
        cut=row.network.cut,
        head=row.network.head.model_copy(update={"dropout": dropout}),
        image_size=image_size,
        classes=classes,
        mean=config.mean,
        std=config.std,
    )


def listed_space(rows: Sequence[Baseline], settings: Settings, classes: int, seeds: int) -> ListedSpace:
    """The study of these baselines.

    Pretrained baselines are trained with the recipe of the search's elimination space, and randomly initialized ones
    with the recipe of its scratch space, with the dropout of the first candidates there. If the search has only one of
    these spaces, its recipe is used for both. The image size is the largest of the elimination space. A cut and its
    random-init ablation differ only in the initial weights and in the recipe for these weights.
    """
    spaces = list(settings.studies.values())
    any_space = next((space for space in spaces if isinstance(space, Space)), EliminationSpace())
    elimination = next((space for space in spaces if isinstance(space, EliminationSpace)), any_space)
    scratch = next((space for space in spaces if isinstance(space, ScratchSpace)), any_space)
    recipes: dict[str, tuple[Recipe, float]] = {
        "pretrained": (sound_recipe(elimination), own_recipe(elimination)["dropout"]),
        "random": (sound_recipe(scratch, trunk_learning_rate=1.0), own_recipe(scratch)["dropout"]),
    }
    size = max(elimination.image_sizes)
    listed = [
        ListedRow(
            name=row.name,
            words=row.words,
            candidate=Candidate(
                network=specification(row, size, classes, dropout), initial_weights=row.initial_weights, recipe=recipe
            ),
        )
        for row in rows
        for recipe, dropout in [recipes[row.initial_weights]]
    ]
    return ListedSpace(rows=tuple(listed), seeds=seeds, first_seed=settings.seed)
