"""The scratch space: from a trial to an architecture with random weights, and a recipe.

Every suggested architecture value changes the built network. Values without an effect are not suggested:

- Expansion, squeeze-and-excitation and stochastic depth are suggested only for blocks that have them, and stochastic
  depth only for blocks with a shortcut.
- A stage's stride is suggested only if half the resolution is at least `min_feature_size`.
- InvertedResidualV3 and MBConv without squeeze-and-excitation are InvertedResidualV2. If the space has this block, both
  always have squeeze-and-excitation. Otherwise it is suggested for the first of the two in the space.
- Widths times the width multiplier, and channels times expansion, are rounded to the nearest whole number. The defaults
  (multiples of 16 times multiples of 0.25) give exact multiples of 4. Settings are refused if two choices give the same
  number of channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from optuna.trial import BaseTrial

from blocks.layers import has_shortcut, hidden_channels
from blocks.specification import (
    EXPANDING_BLOCKS,
    SQUEEZING_BLOCKS,
    BlockKind,
    HeadSpecification,
    ScratchSpecification,
    StageSpecification,
)
from search.errors import BadInput
from search.settings.candidate import Candidate
from search.settings.spaces import ScratchSpace
from search.spaces.recipe import sample_recipe, suggest, suggest_choice, suggest_count

STEM_STRIDE = 2


def sample(trial: BaseTrial, space: ScratchSpace, classes: int) -> Candidate:
    """The candidate of a trial. Raises BadInput as `check_space` does."""
    check_space(space)
    image_size = suggest_choice(trial, "image_size", space.image_sizes)
    stem_channels = suggest_choice(trial, "stem_channels", space.stem_channels)
    network = ScratchSpecification(
        image_size=image_size,
        classes=classes,
        stem_channels=stem_channels,
        stages=_sample_stochastic_depth(trial, space, stem_channels, _sample_stages(trial, space, image_size)),
        head=_sample_head(trial, space),
    )
    # Nothing is pretrained: no stage is frozen, and all stages have the full learning rate.
    recipe = sample_recipe(trial, space, frozen_stages=0, trunk_learning_rate=1.0)
    return Candidate(network=network, initial_weights="random", recipe=recipe)


def check_space(space: ScratchSpace) -> None:
    """Raises BadInput if two choices build the same network, or a choice builds none, with every such case."""
    problems = []
    fewest, most = space.stages
    if fewest > most:
        problems.append(f"stages: expected fewest <= most, got {fewest}..{most}")
    problems += [
        f"min_feature_size: {size} px images leave {size // STEM_STRIDE} px after the stem, expected "
        f"{space.min_feature_size} or more; lower it or use larger ones"
        for size in sorted(set(space.image_sizes))
        if size // STEM_STRIDE < space.min_feature_size
    ]
    problems += _channel_problems(space)
    if problems:
        raise BadInput("scratch space", problems)


def _channel_problems(space: ScratchSpace) -> list[str]:
    """Problems of choices that give no channels, or as many channels as another choice of the same setting."""
    widths, multipliers = sorted(set(space.widths)), sorted(set(space.width_multipliers))
    scaled = {(width, multiplier): _scaled(width, multiplier) for width in widths for multiplier in multipliers}
    problems = [
        f"width_multipliers: {multiplier} leaves nothing of width {width}; drop one of them"
        for (width, multiplier), channels in scaled.items()
        if channels < 1
    ]
    for width in widths:
        problems += _collisions("width_multipliers", f"width {width}", {m: scaled[width, m] for m in multipliers})
    for multiplier in multipliers:
        problems += _collisions("widths", f"multiplier {multiplier}", {w: scaled[w, multiplier] for w in widths})
    if EXPANDING_BLOCKS.intersection(space.blocks):
        for inputs in sorted({*space.stem_channels, *scaled.values()}):
            hidden = {expansion: hidden_channels(inputs, expansion) for expansion in sorted(set(space.expansions))}
            problems += _collisions("expansions", f"{inputs} input channels", hidden)
    return problems


def _collisions(setting: str, at: str, channels: Mapping[float, int]) -> list[str]:
    """Neighbouring choices that give the same number of channels; `channels` is ordered by choice."""
    return [
        f"{setting}: {low} and {high} both give {channels[low]} channels at {at}; drop one of them"
        for low, high in pairwise(channels)
        if channels[low] == channels[high] > 0
    ]


def _scaled(width: int, multiplier: float) -> int:
    return round(width * multiplier)


def _sample_stages(trial: BaseTrial, space: ScratchSpace, image_size: int) -> list[StageSpecification]:
    """Stages with the multipliers applied and without stochastic depth. The stem is not multiplied."""
    width_multiplier = suggest_choice(trial, "width_multiplier", space.width_multipliers)
    depth_multiplier = suggest_choice(trial, "depth_multiplier", space.depth_multipliers)
    stages: list[StageSpecification] = []
    total_stride = STEM_STRIDE
    for number in range(1, suggest_count(trial, "stages", *space.stages) + 1):
        name = f"stage{number}"
        block = suggest_choice(trial, f"{name}.block", space.blocks)
        may_halve = image_size // (total_stride * 2) >= space.min_feature_size
        expands = block in EXPANDING_BLOCKS
        expansion = suggest_choice(trial, f"{name}.expansion", space.expansions) if expands else None
        stage = StageSpecification(
            block=block,
            channels=_scaled(suggest_choice(trial, f"{name}.width", space.widths), width_multiplier),
            repeats=suggest_count(trial, f"{name}.repeats", 1, space.max_repeats) * depth_multiplier,
            kernel=suggest_choice(trial, f"{name}.kernel", space.kernels),
            stride=suggest_choice(trial, f"{name}.stride", (1, 2)) if may_halve else 1,
            activation=suggest_choice(trial, f"{name}.activation", space.activations),
            expansion=expansion,
            squeeze_excitation=_sample_squeeze_excitation(trial, space, name, block),
        )
        total_stride *= stage.stride
        stages.append(stage)
    return stages


def _sample_squeeze_excitation(trial: BaseTrial, space: ScratchSpace, name: str, block: BlockKind) -> bool:
    if block not in SQUEEZING_BLOCKS:
        return False
    first = next(kind for kind in space.blocks if kind in SQUEEZING_BLOCKS)
    may_go_without = block == first and "inverted_residual_v2" not in space.blocks
    return suggest_choice(trial, f"{name}.squeeze_excitation", (False, True)) if may_go_without else True


def _sample_stochastic_depth(
    trial: BaseTrial, space: ScratchSpace, stem_channels: int, stages: list[StageSpecification]
) -> tuple[StageSpecification, ...]:
    """The stages with stochastic depth, which grows linearly to the sampled value at the last (Huang et al. 2016)."""
    inputs = [stem_channels, *(stage.channels for stage in stages[:-1])]
    droppable = [
        stage.block == "mbconv" and (stage.repeats > 1 or has_shortcut(channels, stage.channels, stage.stride))
        for channels, stage in zip(inputs, stages, strict=True)
    ]
    if not any(droppable):
        return tuple(stages)
    probability = suggest_choice(trial, "stochastic_depth", space.stochastic_depths)
    return tuple(
        stage.model_copy(update={"stochastic_depth": probability * number / len(stages) if drops else 0.0})
        for number, (stage, drops) in enumerate(zip(stages, droppable, strict=True), start=1)
    )


def _sample_head(trial: BaseTrial, space: ScratchSpace) -> HeadSpecification:
    kind = suggest_choice(trial, "head", space.heads)
    width = suggest_choice(trial, "head_width", space.head_widths) if kind == "conv1x1" else None
    return HeadSpecification(kind=kind, width=width, dropout=suggest(trial, "dropout", space.dropout))
