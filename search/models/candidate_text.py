"""Candidates in words, for people who read a note or a card and not the code."""

from __future__ import annotations

from blocks.specification import EliminatedSpecification, HeadSpecification, ScratchSpecification, StageSpecification
from search.settings.recipe import Recipe
from search.system.text import percent


def network_in_words(network: EliminatedSpecification | ScratchSpecification, initial_weights: str) -> str:
    """The network in sentences of Markdown."""
    if isinstance(network, ScratchSpecification):
        stages = "; ".join(map(_stage, network.stages))
        trunk = f"Built from random weights: a stem of {network.stem_channels} channels and stride 2, then {stages}."
    elif network.cut is None:
        trunk = f"The whole backbone `{network.backbone}` with {initial_weights} weights and a new last layer."
    else:
        trunk = (
            f"The backbone `{network.backbone}` with {initial_weights} weights, kept up to and including the module "
            f"`{network.cut}`; all that comes after it is eliminated."
        )
    return f"{trunk} {_head(network.head)} Images of {network.image_size} px."


def recipe_in_words(recipe: Recipe, initial_weights: str) -> str:
    """The recipe in a sentence of Markdown, every setting that has an effect included."""
    optimizer = "AdamW" if recipe.optimizer == "adamw" else f"SGD with momentum {recipe.momentum:g}"
    slower = f" (pretrained layers: times {recipe.trunk_learning_rate:.3g})" if initial_weights == "pretrained" else ""
    warmup = f"{_counted(recipe.warmup_epochs, 'epoch')} of warm-up, then a cosine to 0"
    parts = [
        f"{_counted(recipe.epochs, 'epoch')} of batches of {recipe.batch_size}",
        f"{optimizer}, learning rate {recipe.learning_rate:.3g}{slower} after {warmup}",
        f"weight decay {recipe.weight_decay:.3g}",
        f"label smoothing {recipe.label_smoothing:g}",
        f"augmentation {recipe.augmentation:.2f} of 1, {'with' if recipe.flip else 'without'} mirroring",
    ]
    views = recipe.frozen_views if recipe.frozen_stages else None
    if recipe.first_size < 1 and views is None:  # which are seen at full size
        parts.append(
            f"from {percent(recipe.first_size)} of the image size, where the network takes others, to all of it"
        )
    if recipe.gradient_clip is not None:
        parts.append(f"gradients clipped at {recipe.gradient_clip:g}")
    if recipe.ema_decay is not None:
        parts.append(f"weights averaged with decay {recipe.ema_decay:g}")
    if recipe.frozen_stages:
        once = f", their features computed once, for {_counted(views, 'view')} of each image" if views else ""
        parts.append(f"the first {_counted(recipe.frozen_stages, 'stage')} frozen{once}")
    if recipe.class_balance != "none":
        parts.append(f"classes balanced by {recipe.class_balance}")
    if recipe.distillation:
        parts.append(f"{percent(recipe.distillation)} of the loss from the answers of an uncut network")
    return f"{'; '.join(parts)}."


def _counted(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"


def _stage(stage: StageSpecification) -> str:
    parts = [f"{stage.repeats} × {stage.block} of {stage.channels} channels", f"kernel {stage.kernel}"]
    if stage.stride != 1:
        parts.append(f"stride {stage.stride}")
    if stage.expansion is not None:
        parts.append(f"expansion {stage.expansion:g}")
    if stage.squeeze_excitation:
        parts.append("squeeze-and-excitation")
    if stage.stochastic_depth:
        parts.append(f"stochastic depth {stage.stochastic_depth:g}")
    return ", ".join([*parts, stage.activation])


def _head(head: HeadSpecification) -> str:
    parts = {
        "pool_linear": ["global average pooling"],
        "conv1x1": [f"a 1x1 convolution to {head.width} channels", "global average pooling"],
        "conv3x3": [
            f"{_counted(head.convolutions or 0, 'new 3x3 convolution')} of stride 2 and {head.width} channels",
            "global average pooling",
        ],
        "multi_tap": [
            f"the features at {', '.join(f'`{tap}`' for tap in head.taps)} and at the end, pooled and joined"
        ],
        "original": ["the backbone's own pooling"],
    }[head.kind]
    dropout = [f"dropout {head.dropout:.2f}"] if head.dropout else []
    return f"Its head: {', '.join([*parts, *dropout, 'a linear layer'])}."
