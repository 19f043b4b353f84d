"""What the settings of a study say: where it samples from, or the rows that it lists, and its budget."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from blocks.specification import Activation, BlockKind, Frozen, Kernel
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe

# No number of a setting is without end: what is far beyond all that makes sense was not meant.
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


def checked_name(text: str) -> str:
    """The name of a search, a study or a row as it is. Raises ValueError for what could be read as something else."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise ValueError("a name begins with a letter or digit; letters, digits, '.', '_' and '-' follow")
    if len(text) > NAME_LENGTH:
        raise ValueError(f"a name has at most {NAME_LENGTH} characters")
    return text


Name = Annotated[str, AfterValidator(checked_name)]


def name_of(path: Path, otherwise: str) -> str:
    """The name that a folder, or a file with a list of images, gives a search; `otherwise` where it holds no letter."""
    path = path.resolve()
    name = path.stem if path.suffix.lower() in (".csv", ".tsv", ".json") else path.name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("._-")[: NAME_LENGTH // 2] or otherwise


class Range(Frozen):
    """A closed interval to sample from; `low == high` fixes the value."""

    low: Annotated[float, Field(ge=0, le=1000)]
    high: Annotated[float, Field(ge=0, le=1000)]
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high or (self.log and self.low <= 0):
            raise ValueError(f"expected low <= high (and low > 0 on a log scale), got {self.low}..{self.high}")
        return self


def within(low: float, high: float) -> AfterValidator:
    """Refuse a range that leaves these bounds."""

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
    """What both kinds of space sample of the recipe, and the budget of a study over all its workers."""

    image_sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = (128,)
    learning_rate: PositiveRange = Range(low=1e-3, high=1e-2, log=True)
    weight_decay: Range = Range(low=1e-3, high=1e-1, log=True)
    dropout: Annotated[Range, within(0.0, 0.9)] = Range(low=0.0, high=0.4)
    augmentation: Annotated[Range, within(0.0, 1.0)] = Range(low=0.0, high=1.0)
    distillation: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1)] = Field(
        (0.0,),
        description="shares of the loss that ask for the answers of the search's best uncut network, once there is one",
    )
    recipe: Recipe = Field(Recipe(), description="what is not sampled")
    max_parameters: Large = Field(5_000_000, description="larger networks are not trained")
    max_macs: Large | None = Field(None, description="networks of more MACs are not trained")
    max_latency_ms: Milliseconds | None = Field(
        None,
        description="networks that are slower on the machine that made the study are not trained: ONNX Runtime, one "
        "image, one thread; default: the settings' `max_latency_ms`",
    )
    trials: Count | None = Field(None, description="budget of this study; default: the settings' `trials`")
    minutes: Minutes | None = Field(None, description="budget of this study; default: `minutes`")

    @model_validator(mode="after")
    def _distillation_is_sampled(self) -> Self:
        if self.recipe.distillation:
            raise ValueError(
                f"recipe.distillation is sampled; write distillation: [{self.recipe.distillation}] instead"
            )
        return self

    @property
    def distils(self) -> bool:
        """Whether a network of this space may learn from the answers of another."""
        return any(self.distillation)


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
    head_widths: Annotated[tuple[Channels, ...], Field(min_length=1)] = (64, 128, 256)
    max_convolutions: Annotated[int, Field(ge=1, le=4)] = 3
    trunk_learning_rate: Annotated[PositiveRange, within(0.0, 1.0)] = Range(low=0.1, high=1.0, log=True)
    max_frozen_stages: Annotated[int, Field(ge=0, le=1000)] = 3
    initial_weights: Literal["pretrained", "random"] = "pretrained"
    profile: bool = Field(
        True, description="whether a new study on pretrained weights begins with a depth profile and its best cuts"
    )


class ScratchSpace(Space):
    """Architectures trained from random weights."""

    space: Literal["scratch"] = "scratch"
    # Small networks that learn everything in a few epochs have no room for strong augmentation.
    augmentation: Annotated[Range, within(0.0, 1.0)] = Range(low=0.0, high=0.5)
    blocks: Annotated[tuple[BlockKind, ...], Field(min_length=1)] = ("dwconv", "inverted_residual_v3", "mbconv")
    stages: tuple[Stages, Stages] = Field((2, 5), description="fewest and most stages")
    stem_channels: Annotated[tuple[Channels, ...], Field(min_length=1)] = (8, 16, 24)
    widths: Annotated[tuple[Channels, ...], Field(min_length=1)] = (16, 32, 48, 64, 96, 128)
    max_repeats: Annotated[int, Field(ge=1, le=6)] = 3
    kernels: Annotated[tuple[Kernel, ...], Field(min_length=1)] = (3, 5)
    expansions: Annotated[tuple[Expansion, ...], Field(min_length=1)] = (2.0, 3.0, 4.0, 6.0)
    activations: Annotated[tuple[Activation, ...], Field(min_length=1)] = ("relu", "hard_swish", "silu")
    stochastic_depths: Annotated[tuple[Share, ...], Field(min_length=1)] = (0.0, 0.1, 0.2)
    width_multipliers: Annotated[tuple[Multiplier, ...], Field(min_length=1)] = (0.5, 0.75, 1.0, 1.25, 1.5)
    depth_multipliers: Annotated[tuple[Stages, ...], Field(min_length=1)] = (1, 2)
    heads: Annotated[tuple[Literal["pool_linear", "conv1x1"], ...], Field(min_length=1)] = ("pool_linear", "conv1x1")
    head_widths: Annotated[tuple[Channels, ...], Field(min_length=1)] = (64, 128, 256)
    min_feature_size: Annotated[int, Field(ge=1, le=1024)] = Field(
        2, description="smallest side of the last feature map: strides that pass it are not sampled"
    )


Other = Literal["uncut", "scratch", "smaller_scratch", "control"]


class ListedRow(Frozen):
    """One row of a listed study; `words` say what it is.

    compared_with  names of the rows that the row's score is to be compared with: the uncut network, the best network
                   from scratch of no fewer parameters, and the same network from random weights
    """

    name: Name
    words: str = ""
    candidate: Candidate
    compared_with: dict[Other, str] = Field(default_factory=dict)


class ListedSpace(Frozen):
    """Named rows, each trained with as many seeds. Nothing is sampled, nothing is limited, and no row is on a front.

    first_seed  of each row's repeats: `first_seed`, `first_seed` + 1, …
    trained_on  the images that the networks are trained on
    scored_on   validation after each epoch, or test, once, after the last one. Only then may validation be trained on
    """

    space: Literal["listed"] = "listed"
    rows: Annotated[tuple[ListedRow, ...], Field(min_length=1)]
    seeds: Count = 1
    first_seed: Seed = 0
    trained_on: Literal["train", "train+validation"] = "train"
    scored_on: Literal["validation", "test"] = "validation"

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
        """Whether its networks are scored on the test split."""
        return self.scored_on == "test"

    @property
    def image_sizes(self) -> tuple[int, ...]:
        """Every size that a row needs."""
        return tuple(sorted({row.candidate.network.image_size for row in self.rows}))


AnySpace = EliminationSpace | ScratchSpace | ListedSpace
StudySpace = Annotated[AnySpace, Field(discriminator="space")]
