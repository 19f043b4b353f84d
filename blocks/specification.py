"""Specifications: the architecture of a network as frozen and validated data.

Weights, learning rates and seeds are no part of it, so two networks with equal specifications have equal parameters,
MACs and state-dict keys. `blocks.build.build` builds the network of a specification.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

BlockKind = Literal["conv", "dwconv", "inverted_residual_v2", "inverted_residual_v3", "mbconv"]
HeadKind = Literal["pool_linear", "conv1x1", "conv3x3", "multi_tap", "original"]
Activation = Literal["relu", "relu6", "hard_swish", "silu"]
Kernel = Literal[3, 5, 7]

EXPANDING_BLOCKS: frozenset[BlockKind] = frozenset({"inverted_residual_v2", "inverted_residual_v3", "mbconv"})
SQUEEZING_BLOCKS: frozenset[BlockKind] = frozenset({"inverted_residual_v3", "mbconv"})

Positive = Annotated[int, Field(ge=1, le=65_536)]
Share = Annotated[float, Field(ge=0, lt=1)]
Mean = Annotated[float, Field(ge=-1000, le=1000)]
Deviation = Annotated[float, Field(gt=0, le=1000)]


class Frozen(BaseModel):
    """An immutable value that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HeadSpecification(Frozen):
    """The classifier on top of a trunk.

    pool_linear   global average pooling, dropout, linear
    conv1x1       1x1 convolution to `width` channels, then pool_linear
    conv3x3       `convolutions` new 3x3 convolutions of stride 2 and `width` channels in place of the eliminated
                  stages, then pool_linear
    multi_tap     the features at `taps` (module names) and at the cut, each pooled, joined, dropout, linear
    original      the backbone's own head with a new last layer; only on a full backbone
    """

    kind: HeadKind = "pool_linear"
    width: Positive | None = None
    convolutions: Positive | None = None
    taps: tuple[str, ...] = ()
    dropout: Share = 0.0

    @model_validator(mode="after")
    def _fields_fit_kind(self) -> Self:
        wanted = {
            "width": self.kind in ("conv1x1", "conv3x3"),
            "convolutions": self.kind == "conv3x3",
            "taps": self.kind == "multi_tap",
        }
        problems = [
            f"head {self.kind!r} {'needs' if needed else 'has no'} {field}"
            for field, needed in wanted.items()
            if bool(getattr(self, field)) != needed
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class StageSpecification(Frozen):
    """`repeats` blocks of one kind; the first has `stride`, the others stride 1.

    `expansion` belongs to the inverted residuals and MBConv, `squeeze_excitation` to InvertedResidualV3 and MBConv,
    `stochastic_depth` (probability of dropping a residual branch) to MBConv.
    """

    block: BlockKind
    channels: Positive
    repeats: Positive = 1
    kernel: Kernel = 3
    stride: Literal[1, 2] = 1
    activation: Activation = "relu"
    expansion: Annotated[float, Field(ge=1, le=64)] | None = None
    squeeze_excitation: bool = False
    stochastic_depth: Share = 0.0

    @model_validator(mode="after")
    def _fields_fit_block(self) -> Self:
        problems = []
        if (self.expansion is not None) != (self.block in EXPANDING_BLOCKS):
            problems.append(f"block {self.block!r} {'has no' if self.expansion is not None else 'needs'} expansion")
        if self.squeeze_excitation and self.block not in SQUEEZING_BLOCKS:
            problems.append(f"block {self.block!r} has no squeeze_excitation")
        if self.stochastic_depth and self.block != "mbconv":
            problems.append(f"block {self.block!r} has no stochastic_depth")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class _Input(Frozen):
    """The input of every network: (N, 3, image_size, image_size), values 0..1, normalised inside by mean and std."""

    image_size: Annotated[int, Field(ge=8, le=1024)]
    classes: Annotated[int, Field(ge=2, le=1_000_000)]
    mean: tuple[Mean, Mean, Mean] = (0.5, 0.5, 0.5)
    std: tuple[Deviation, Deviation, Deviation] = (0.5, 0.5, 0.5)
    head: HeadSpecification = HeadSpecification()


class ScratchSpecification(_Input):
    """A network trained from random weights: a stride-2 stem convolution, stages of blocks, a head."""

    family: Literal["scratch"] = "scratch"
    stem_channels: Positive
    stages: Annotated[tuple[StageSpecification, ...], Field(min_length=1)]

    @property
    def total_stride(self) -> int:
        """Input size over final feature-map size, the stem's stride of 2 included."""
        stride = 2
        for stage in self.stages:
            stride *= stage.stride
        return stride

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = []
        if self.total_stride > self.image_size:
            problems.append(f"total stride {self.total_stride} does not fit images of {self.image_size} px")
        if self.head.kind not in ("pool_linear", "conv1x1"):
            problems.append(f"a scratch network takes head pool_linear or conv1x1, not {self.head.kind!r}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class EliminatedSpecification(_Input):
    """A timm backbone up to and including the module `cut`, with a new head. `cut=None` is the full backbone."""

    family: Literal["eliminated"] = "eliminated"
    backbone: str
    cut: str | None

    @model_validator(mode="after")
    def _original_head_means_uncut(self) -> Self:
        if (self.cut is None) != (self.head.kind == "original"):
            raise ValueError(
                "head 'original' belongs to a full backbone (cut: null), and a full backbone has no other head"
            )
        return self


NetworkSpecification = Annotated[ScratchSpecification | EliminatedSpecification, Field(discriminator="family")]
