"""A candidate as text, for dashboard notes and model cards."""

from __future__ import annotations

from blocks.specification import EliminatedSpecification, HeadSpecification, ScratchSpecification, StageSpecification
from search.settings.recipe import Recipe
from search.system.text import percent


def network_in_words(network: EliminatedSpecification | ScratchSpecification, initial_weights: str) -> str:
    """The network in sentences, as Markdown."""
    if isinstance(network, ScratchSpecification):
        stages = "; ".join(map(_stage, network.stages))
        trunk = f"A network from scratch: a stem with {network.stem_channels} channels and stride 2, then {stages}."
    elif network.cut is None:
        trunk = f"The full backbone `{network.backbone}` with {initial_weights} weights and a new last layer."
    else:
        trunk = (
            f"The backbone `{network.backbone}` with {initial_weights} weights, truncated after the module "
            f"`{network.cut}`."
        )
    return f"{trunk} {_head(network.head)} Input: images of {network.image_size} px."


def recipe_in_words(recipe: Recipe, initial_weights: str, networks: int = 1) -> str:
    """The training recipe as Markdown: every setting that has an effect.

    networks  number of cuts that were trained together
    """
    if recipe.method == "linear_probe":
        return "A linear probe: the last layer was fitted in closed form, and the backbone kept its weights."
    optimizer = "AdamW" if recipe.optimizer == "adamw" else f"SGD with momentum {recipe.momentum:g}"
    slower = f" ({_slower(recipe)})" if initial_weights == "pretrained" else ""
    schedule = f"{_counted(recipe.warmup_epochs, 'warm-up epoch')}, then cosine decay to 0"
    parts = [
        f"{_counted(recipe.epochs, 'epoch')}, batch size {recipe.batch_size}",
        f"{optimizer}, learning rate {recipe.learning_rate:.3g}{slower}, {schedule}",
        f"weight decay {recipe.weight_decay:.3g}",
        f"label smoothing {recipe.label_smoothing:g}",
        f"augmentation strength {recipe.augmentation:.2f}, {'with' if recipe.flip else 'without'} horizontal flip",
    ]
    if recipe.first_size < 1:
        parts.append(f"progressive resizing from {percent(recipe.first_size)} of the image size, where possible")
    if recipe.gradient_clip is not None:
        parts.append(f"gradient clipping at {recipe.gradient_clip:g}")
    if recipe.ema_decay is not None:
        parts.append(f"averaged weights (EMA) with decay {recipe.ema_decay:g}")
    if recipe.frozen_stages:
        parts.append(f"the first {_counted(recipe.frozen_stages, 'stage')} frozen")
    if recipe.class_balance != "none":
        parts.append(f"class balance by {recipe.class_balance}")
    if recipe.unknown_weight:
        parts.append(
            f"unknown images, which should get all classes with equal probability, × {recipe.unknown_weight:g}"
        )
    if networks > 1:
        parts.append(f"trained together with {_counted(networks - 1, 'other cut')} of the backbone")
    return f"{'; '.join(parts)}."


def _slower(recipe: Recipe) -> str:
    first, last = recipe.trunk_learning_rate, recipe.trunk_learning_rate * recipe.trunk_decay
    if first == last:
        return f"pretrained layers: × {first:.3g}"
    return f"pretrained layers: from × {first:.3g} at the first block to × {last:.3g} at the last"


def _counted(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"


def _stage(stage: StageSpecification) -> str:
    parts = [f"{stage.repeats} × {stage.block} with {stage.channels} channels", f"kernel {stage.kernel}"]
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
            f"{_counted(head.convolutions or 0, 'new 3x3 convolution')} with stride 2 and {head.width} channels",
            "global average pooling",
        ],
        "multi_tap": [
            f"the features at {', '.join(f'`{tap}`' for tap in head.taps)} and at the end, pooled and concatenated"
        ],
        "original": ["the backbone's own pooling"],
    }[head.kind]
    dropout = [f"dropout {head.dropout:.2f}"] if head.dropout else []
    return f"Head: {', '.join([*parts, *dropout, 'a linear layer'])}."
