"""The reference rows: each a YAML file beside this module, complete with what it must come to.

A row says which network it is and where its weights begin. Image size, classes and recipe are those of the search that
it is compared with, so that rows and search differ in the network alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated, Literal

import timm
import yaml
from pydantic import Field

from blocks.specification import EliminatedSpecification, Frozen, HeadSpecification
from search.candidate import Candidate
from search.errors import BadInput, did_you_mean
from search.settings import Settings
from search.spaces.recipe import own_recipe, sound_recipe
from search.spaces.settings import EliminationSpace, ListedRow, ListedSpace, ScratchSpace, Space
from search.training.recipe import Recipe

CLASSES = 6
"""Of the data set of the founding project: `parameters` and `layers` of the rows are for so many."""


class BackboneRow(Frozen):
    """A backbone of timm, kept up to and including the module `cut`, or whole, with a head."""

    backbone: str
    cut: str | None = None
    head: HeadSpecification


class Baseline(Frozen):
    """A row. `words` say what it is and where it comes from; `parameters` and `layers` are those with six classes."""

    name: str
    words: str
    network: BackboneRow
    initial_weights: Literal["pretrained", "random"]
    parameters: Annotated[int, Field(ge=1)]
    layers: Annotated[int, Field(ge=1)]

    def specification(self, image_size: int, classes: int, dropout: float = 0.0) -> EliminatedSpecification:
        """The network for pictures of this size, normalised as its backbone was trained."""
        config = timm.models.get_pretrained_cfg(self.network.backbone)
        assert config is not None, f"timm has no {self.network.backbone}"
        return EliminatedSpecification(
            backbone=self.network.backbone,
            cut=self.network.cut,
            head=self.network.head.model_copy(update={"dropout": dropout}),
            image_size=image_size,
            classes=classes,
            mean=config.mean,
            std=config.std,
        )


def read_baselines() -> dict[str, Baseline]:
    """All rows by name, in the order of their names."""
    paths = [path for path in files("baselines").iterdir() if path.name.endswith(".yaml")]
    rows = [Baseline.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in paths]
    return {row.name: row for row in sorted(rows, key=lambda row: row.name)}


def choose(names: Sequence[str] | None) -> list[Baseline]:
    """The rows of these names, or all. Raises BadInput with every name that no row has."""
    known = read_baselines()
    if names is None:
        return list(known.values())
    problems = [f"no row is called {name!r}{did_you_mean(name, known, most=3)}" for name in names if name not in known]
    if problems:
        raise BadInput("baselines", [*problems, "python -m baselines.run --list shows all rows"])
    return [known[name] for name in dict.fromkeys(names)]


def listed_space(rows: Sequence[Baseline], settings: Settings, classes: int, seeds: int) -> ListedSpace:
    """The study of these rows.

    Pretrained rows are trained by the recipe of the search's elimination space, random ones by that of its scratch
    space, with the dropout of the first candidates there; a search without the one lends the other's. All see pictures
    of the elimination space's (largest) size: a cut and its control are to differ in where their weights begin, and in
    what recipe trains weights that begin there.
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
                network=row.specification(size, classes, dropout), initial_weights=row.initial_weights, recipe=recipe
            ),
        )
        for row in rows
        for recipe, dropout in [recipes[row.initial_weights]]
    ]
    return ListedSpace(rows=tuple(listed), seeds=seeds, first_seed=settings.seed)
