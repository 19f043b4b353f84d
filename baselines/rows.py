"""The baselines: one YAML file per baseline in this folder.

A file has the network, its initial weights, and its numbers of parameters and layers, which tests verify. Image size,
classes and recipe come from the search, so that baselines and search differ only in the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import Field

from blocks.specification import Frozen, HeadSpecification
from search.errors import BadInput, did_you_mean

CLASSES = 6
"""Classes of the original ELimNet data set; `parameters` and `layers` of the baselines are for this number."""


class BackboneRow(Frozen):
    """A backbone of timm with a head: truncated after the module `cut`, or the full backbone if it is None."""

    backbone: str
    cut: str | None = None
    head: HeadSpecification


class Baseline(Frozen):
    """A baseline. `words` describe it and its origin; `parameters` and `layers` are for six classes."""

    name: str
    words: str
    network: BackboneRow
    initial_weights: Literal["pretrained", "random"]
    parameters: Annotated[int, Field(ge=1)]
    layers: Annotated[int, Field(ge=1)]


def read_baselines() -> dict[str, Baseline]:
    """All baselines by name, in the order of their names."""
    paths = [path for path in files("baselines").iterdir() if path.name.endswith(".yaml")]
    rows = [Baseline.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in paths]
    return {row.name: row for row in sorted(rows, key=lambda row: row.name)}


def choose(names: Sequence[str] | None) -> list[Baseline]:
    """The baselines of these names, or all. Raises BadInput with every unknown name."""
    known = read_baselines()
    if names is None:
        return list(known.values())
    problems = [
        f"no baseline is called {name!r}{did_you_mean(name, known, most=3)}" for name in names if name not in known
    ]
    if problems:
        raise BadInput("baselines", [*problems, "python -m baselines.run --list shows all baselines"])
    return [known[name] for name in dict.fromkeys(names)]
