"""One settings object: command line over environment over secret files over YAML over defaults.

Every command builds it with `load`, prints what it resolved to, and the studies store it. Unknown keys, wrong types and
ranges are refused, all in one message.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    CliSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from blocks.specification import Activation, BlockKind, Frozen, HeadKind, Kernel
from search.errors import BadInput
from search.training.recipe import Recipe

Share = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(ge=8, le=1024)]
Count = Annotated[int, Field(ge=1)]


class DataSettings(Frozen):
    """Where the pictures are and how they are split. `path` may come from DATA_DIR."""

    source: Literal["digits", "folder", "csv", "coco", "fashion_mnist", "cifar10"] = "digits"
    path: Path | None = Field(None, description="image folder, CSV file, folder of a COCO data set, or download folder")
    annotations: str = Field("annotations.json", description="coco: annotation file, relative to path")
    class_of_category: dict[str, str] = Field(
        default_factory=dict, description="coco: class of each category; others are left out. Empty: category names"
    )
    validation_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.2, description="where no validation split is given")
    test_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.2, description="where no test split is given")
    split_seed: int = 0
    fit: Literal["stretch", "crop"] = Field("stretch", description="how a picture becomes square")
    unreadable: Literal["refuse", "skip"] = Field("refuse", description="what to do about files that are not pictures")
    max_pixels: Count = Field(100_000_000, description="larger pictures are refused before they are decoded")


class Range(Frozen):
    """A closed interval to sample from; `low == high` fixes the value."""

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError(f"expected low <= high (and low > 0 on a log scale), got {self.low}..{self.high}")
        return self


class Space(Frozen):
    """What both kinds of space sample of the recipe, and the budget of a study over all its workers."""

    image_sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = (128,)
    learning_rate: Range = Range(low=1e-3, high=1e-2, log=True)
    weight_decay: Range = Range(low=1e-3, high=1e-1, log=True)
    dropout: Range = Range(low=0.0, high=0.4)
    augmentation: Range = Range(low=0.0, high=1.0)
    recipe: Recipe = Field(Recipe(), description="what is not sampled")
    max_parameters: Count = Field(5_000_000, description="larger networks are not trained")
    trials: Count | None = Field(None, description="budget of this study; default: the settings' `trials`")
    minutes: Annotated[float, Field(gt=0)] | None = Field(None, description="budget of this study; default: `minutes`")


class EliminationSpace(Space):
    """Cuts of pretrained backbones and the heads that replace the rest."""

    space: Literal["elimination"] = "elimination"
    backbones: Annotated[tuple[str, ...], Field(min_length=1)] = ("tf_efficientnet_lite0",)
    uncut: bool = Field(True, description="whether the whole backbone is a cut, too; exempt from max_parameters")
    heads: Annotated[tuple[Literal["pool_linear", "conv1x1", "conv3x3", "multi_tap"], ...], Field(min_length=1)] = (
        "pool_linear",
        "conv1x1",
        "conv3x3",
        "multi_tap",
    )
    head_widths: Annotated[tuple[Count, ...], Field(min_length=1)] = (64, 128, 256)
    max_convolutions: Annotated[int, Field(ge=1, le=4)] = 3
    trunk_learning_rate: Range = Range(low=0.1, high=1.0, log=True)
    max_frozen_stages: Annotated[int, Field(ge=0)] = 3
    initial_weights: Literal["pretrained", "random"] = "pretrained"


class ScratchSpace(Space):
    """Architectures trained from random weights."""

    space: Literal["scratch"] = "scratch"
    blocks: Annotated[tuple[BlockKind, ...], Field(min_length=1)] = ("dwconv", "inverted_residual_v3", "mbconv")
    stages: tuple[Count, Count] = Field((2, 5), description="fewest and most stages")
    stem_channels: Annotated[tuple[Count, ...], Field(min_length=1)] = (8, 16, 24)
    widths: Annotated[tuple[Count, ...], Field(min_length=1)] = (16, 32, 48, 64, 96, 128)
    max_repeats: Annotated[int, Field(ge=1, le=6)] = 3
    kernels: Annotated[tuple[Kernel, ...], Field(min_length=1)] = (3, 5)
    expansions: Annotated[tuple[Annotated[float, Field(ge=1)], ...], Field(min_length=1)] = (2.0, 3.0, 4.0, 6.0)
    activations: Annotated[tuple[Activation, ...], Field(min_length=1)] = ("relu", "hard_swish", "silu")
    stochastic_depths: Annotated[tuple[Share, ...], Field(min_length=1)] = (0.0, 0.1, 0.2)
    width_multipliers: Annotated[tuple[float, ...], Field(min_length=1)] = (0.5, 0.75, 1.0, 1.25, 1.5)
    depth_multipliers: Annotated[tuple[Count, ...], Field(min_length=1)] = (1, 2)
    heads: Annotated[tuple[Literal["pool_linear", "conv1x1"], ...], Field(min_length=1)] = ("pool_linear", "conv1x1")
    head_widths: Annotated[tuple[Count, ...], Field(min_length=1)] = (64, 128, 256)
    min_feature_size: Count = Field(2, description="smallest side of the last feature map: strides that pass it are not sampled")


StudySpace = Annotated[EliminationSpace | ScratchSpace, Field(discriminator="space")]
