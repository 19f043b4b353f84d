"""The settings of a study: its search space, or its fixed list of networks, and its budget."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from blocks.specification import Activation, BlockKind, Frozen, Kernel
from search.settings.backbones import BACKBONES
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe

# Every number has bounds: a value far outside everything sensible is a mistake.
Share = Annotated[float, Field(ge=0, lt=1)]
Size = Annotated[int, Field(ge=8, le=1024)]
Milliseconds = Annotated[float, Field(gt=0, le=1_000_000)]
Minutes = Annotated[float, Field(gt=0, le=10_000_000)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Large = Annotated[int, Field(ge=1, le=10**15)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Channels = Annotated[int, Field(ge=1, le=8192)]
Multiplier = Annotated[float, Field(gt=0, le=8)]
Expansion = Annotated[float, Field(ge=1, le=64)]
Stages = Annotated[int, Field(ge=1, le=50)]

NAME_LENGTH = 200
BYTES_IN_KB = 1024
"""Of limits on memory: data sheets of microcontrollers count so."""

Training = Literal["probe", "shared", "alone"]
TRAININGS: tuple[Training, ...] = ("probe", "shared", "alone")


def checked_name(text: str) -> str:
    """The name of a search, a study or a network, unchanged. Raises ValueError for a text that is no such name."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise ValueError("a name begins with a letter or digit; letters, digits, '.', '_' and '-' follow")
    if len(text) > NAME_LENGTH:
        raise ValueError(f"a name has at most {NAME_LENGTH} characters")
    return text


Name = Annotated[str, AfterValidator(checked_name)]


def name_of(path: Path, otherwise: str) -> str:
    """The name of a search on this folder or list of images; `otherwise` if its name has no usable character."""
    path = path.resolve()
    name = path.stem if path.suffix.lower() in (".csv", ".tsv", ".json") else path.name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("._-")[: NAME_LENGTH // 2] or otherwise


class Range(Frozen):
    """A closed interval to sample from. Equal bounds fix the value."""

    low: Annotated[float, Field(ge=0, le=1000, description="smallest value")]
    high: Annotated[float, Field(ge=0, le=1000, description="largest value")]
    log: bool = Field(False, description="whether values are sampled on a logarithmic scale")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError(f"expected low <= high (and low > 0 on a log scale), got {self.low}..{self.high}")
        return self


def within(low: float, high: float) -> AfterValidator:
    """A validator that refuses ranges outside these bounds."""

    def check(values: Range) -> Range:
        if values.low < low or values.high > high:
            raise ValueError(f"expected a range within {low:g}..{high:g}, got {values.low:g}..{values.high:g}")
        return values

    return AfterValidator(check)


def _above_zero(values: Range) -> Range:
    if values.low <= 0:
        raise ValueError(f"expected low > 0, got {values.low:g}")
    return values


PositiveRange = Annotated[Range, AfterValidator(_above_zero)]


class Space(Frozen):
    """What both search spaces have in common: sampled hyperparameters, the recipe, limits, and the study's budget."""

    image_sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = Field(
        (128,), description="sides of the square images in pixels to choose from"
    )
    learning_rate: PositiveRange = Field(
        Range(low=1e-3, high=1e-2, log=True), description="range of the head's peak learning rate"
    )
    weight_decay: Range = Field(Range(low=1e-3, high=1e-1, log=True), description="range of the weight decay")
    dropout: Annotated[Range, within(0.0, 0.9)] = Field(
        Range(low=0.0, high=0.4), description="range of the dropout before the last layer"
    )
    augmentation: Annotated[Range, within(0.0, 1.0)] = Field(
        Range(low=0.0, high=1.0), description="range of the augmentation strength: 0 is none, 1 is the strongest"
    )
    recipe: Recipe = Field(Recipe(), description="training recipe: the hyperparameters that are not sampled")
    max_parameters: Large = Field(
        5_000_000, description="largest number of parameters; larger networks are infeasible and are not trained"
    )
    max_macs: Large | None = Field(
        None, description="largest number of MACs; networks above it are infeasible and are not trained"
    )
    max_flash_kb: Large | None = Field(
        None,
        description="largest size of the weights in kB of 1,024 bytes, as int8 (1 byte each, and for each output "
        "channel a bias and a scale of 4 bytes); larger networks are infeasible and are not trained",
    )
    max_ram_kb: Large | None = Field(
        None,
        description="largest memory of the int8 activations in kB of 1,024 bytes (the most that are needed at a time, "
        "and 8 bytes for each output channel, as in TensorFlow Lite for Microcontrollers); networks that need more are "
        "infeasible and are not trained",
    )
    max_latency_ms: Milliseconds | None = Field(
        None,
        description="largest single-image latency in ms (ONNX Runtime, one CPU thread, on the machine that created "
        "the study); slower networks are infeasible and are not trained; default: max_latency_ms of the search",
    )
    trials: Count | None = Field(
        None, description="budget of this study in trials, shared by all workers; default: trials of the search"
    )
    minutes: Minutes | None = Field(
        None,
        description="budget of this study in minutes of training, shared by all workers; default: the search's minutes",
    )
    share: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="share of the time of `search.run --minutes` that this study gets; default: an equal part of what "
        "the other studies leave",
    )

    @field_validator("recipe")
    @classmethod
    def _probes_are_a_kind_of_training(cls, recipe: Recipe) -> Recipe:
        if recipe.method != "training":
            raise ValueError("linear probes are a kind of training: write trainings: [probe] instead of recipe.method")
        return recipe

    @property
    def limits_memory(self) -> bool:
        """Whether the space has a limit on flash or RAM."""
        return self.max_flash_kb is not None or self.max_ram_kb is not None


class EliminationSpace(Space):
    """Cuts of pretrained backbones, with a new head in place of the eliminated blocks."""

    space: Literal["elimination"] = Field("elimination", description="search space: cuts of pretrained backbones")
    backbones: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        BACKBONES,
        description="timm backbones to cut; backbones without pretrained weights are skipped with a warning",
    )
    uncut: bool = Field(
        True, description="whether full backbones are trained as well; they may exceed the limits of the study"
    )
    heads: Annotated[tuple[Literal["pool_linear", "conv1x1", "conv3x3", "multi_tap"], ...], Field(min_length=1)] = (
        Field(("pool_linear", "conv1x1", "conv3x3", "multi_tap"), description="kinds of heads to choose from")
    )
    head_widths: Annotated[tuple[Channels, ...], Field(min_length=1)] = Field(
        (64, 128, 256), description="channels of a head's convolutions to choose from"
    )
    max_convolutions: Annotated[int, Field(ge=1, le=4)] = Field(
        3, description="largest number of convolutions in the head conv3x3"
    )
    trunk_learning_rate: Annotated[PositiveRange, within(0.0, 1.0)] = Field(
        Range(low=0.1, high=1.0, log=True), description="range of the factor on the learning rate of pretrained layers"
    )
    max_frozen_stages: Annotated[int, Field(ge=0, le=1000)] = Field(
        3, description="largest number of early stages that a trial may freeze"
    )
    initial_weights: Literal["pretrained", "random"] = Field(
        "pretrained", description="whether backbones start from pretrained or from random weights"
    )
    trainings: Annotated[tuple[Training, ...], Field(min_length=1)] = Field(
        TRAININGS,
        description="kinds of trainings to choose from. probe: linear probes of all cuts of a backbone, from one "
        "forward pass, with which a study begins; shared: all cuts up to the sampled one in one training; alone: the "
        "sampled cut with the sampled head",
    )


class ScratchSpace(Space):
    """Small networks that are built from blocks and trained from random weights."""

    space: Literal["scratch"] = Field("scratch", description="search space: networks trained from random weights")
    share: Annotated[float, Field(gt=0, le=1)] | None = Field(
        1 / 3, description="share of the time of `search.run --minutes` that this study gets"
    )
    # Small networks that learn everything in a few epochs cannot cope with strong augmentation.
    augmentation: Annotated[Range, within(0.0, 1.0)] = Field(
        Range(low=0.0, high=0.5), description="range of the augmentation strength: 0 is none, 1 is the strongest"
    )
    blocks: Annotated[tuple[BlockKind, ...], Field(min_length=1)] = Field(
        ("dwconv", "inverted_residual_v3", "mbconv"), description="kinds of blocks to choose from"
    )
    stages: tuple[Stages, Stages] = Field((2, 5), description="smallest and largest number of stages")
    stem_channels: Annotated[tuple[Channels, ...], Field(min_length=1)] = Field(
        (8, 16, 24), description="channels of the first convolution to choose from"
    )
    widths: Annotated[tuple[Channels, ...], Field(min_length=1)] = Field(
        (16, 32, 48, 64, 96, 128), description="channels of a stage to choose from"
    )
    max_repeats: Annotated[int, Field(ge=1, le=6)] = Field(3, description="largest number of blocks in a stage")
    kernels: Annotated[tuple[Kernel, ...], Field(min_length=1)] = Field(
        (3, 5), description="kernel sizes to choose from"
    )
    expansions: Annotated[tuple[Expansion, ...], Field(min_length=1)] = Field(
        (2.0, 3.0, 4.0, 6.0), description="expansion factors of inverted residuals to choose from"
    )
    activations: Annotated[tuple[Activation, ...], Field(min_length=1)] = Field(
        ("relu", "hard_swish", "silu"), description="activation functions to choose from"
    )
    stochastic_depths: Annotated[tuple[Share, ...], Field(min_length=1)] = Field(
        (0.0, 0.1, 0.2), description="drop rates of residual branches to choose from (stochastic depth)"
    )
    width_multipliers: Annotated[tuple[Multiplier, ...], Field(min_length=1)] = Field(
        (0.5, 0.75, 1.0, 1.25, 1.5), description="factors on the channels of all stages to choose from"
    )
    depth_multipliers: Annotated[tuple[Stages, ...], Field(min_length=1)] = Field(
        (1, 2), description="factors on the number of blocks of all stages to choose from"
    )
    heads: Annotated[tuple[Literal["pool_linear", "conv1x1"], ...], Field(min_length=1)] = Field(
        ("pool_linear", "conv1x1"), description="kinds of heads to choose from"
    )
    head_widths: Annotated[tuple[Channels, ...], Field(min_length=1)] = Field(
        (64, 128, 256), description="channels of the head's convolution to choose from"
    )
    min_feature_size: Annotated[int, Field(ge=1, le=1024)] = Field(
        2,
        description="smallest side of the last feature map in pixels; strides that would make it smaller are not used",
    )


Other = Literal["uncut", "scratch", "smaller_scratch", "control"]


class ListedRow(Frozen):
    """One network of a fixed-list study."""

    name: Name = Field(description="name of the network")
    words: str = Field("", description="what the network is, in words")
    candidate: Candidate = Field(description="the network, its initial weights and its training recipe")
    compared_with: dict[Other, str] = Field(
        default_factory=dict,
        description="names of the networks that its score is compared with: the full backbone, the best network from "
        "scratch that is at least as large, the best that is smaller, and the same network from random weights",
    )


class ListedSpace(Frozen):
    """A fixed list of networks. Each is trained with the same seeds; nothing is sampled, and no limit applies."""

    space: Literal["listed"] = Field("listed", description="search space: a fixed list of networks")
    rows: Annotated[tuple[ListedRow, ...], Field(min_length=1)] = Field(description="the networks")
    seeds: Count = Field(1, description="number of trainings of each network")
    first_seed: Seed = Field(0, description="seed of each network's first training; the others count up from it")
    trained_on: Literal["train", "train+validation"] = Field("train", description="images that networks are trained on")
    scored_on: Literal["validation", "test"] = Field(
        "validation", description="split that is scored: validation after each epoch, or test once after the last epoch"
    )

    @model_validator(mode="after")
    def _rows_differ_and_splits_are_apart(self) -> Self:
        names = [row.name for row in self.rows]
        problems = [f"two rows are called {name!r}" for name in sorted({n for n in names if names.count(n) > 1})]
        if self.trained_on == "train+validation" and self.scored_on == "validation":
            problems.append("a network that is trained on validation cannot be scored on it")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def reads_test(self) -> bool:
        """Whether the networks are scored on the test split."""
        return self.scored_on == "test"

    @property
    def image_sizes(self) -> tuple[int, ...]:
        """Every image size that a network of the list needs."""
        return tuple(sorted({row.candidate.network.image_size for row in self.rows}))


AnySpace = EliminationSpace | ScratchSpace | ListedSpace
StudySpace = Annotated[AnySpace, Field(discriminator="space")]
