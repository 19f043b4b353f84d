"""How a network is trained: every number that the loop reads, and nothing that changes the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from blocks.specification import Frozen

Share = Annotated[float, Field(ge=0, le=1)]


class Recipe(Frozen):
    """A training recipe. Learning rates are peaks of a schedule: linear warm-up, then a cosine to 0."""

    method: Literal["training", "linear_probe"] = Field(
        "training",
        description="how weights are found: training by gradient descent, or a linear probe, which fits the last layer "
        "in closed form to the features of the pretrained backbone",
    )
    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = Field(24, description="number of passes over the images")
    batch_size: Annotated[int, Field(ge=2, le=1_000_000)] = Field(32, description="images per optimizer step")
    optimizer: Literal["adamw", "sgd"] = Field("adamw", description="optimizer; sgd uses momentum")
    learning_rate: Annotated[float, Field(gt=0, le=1000)] = Field(
        3e-3, description="peak learning rate of the head and of all layers that start from random weights"
    )
    trunk_learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        0.9,
        description="factor on learning_rate for the first block of a pretrained backbone "
        "(discriminative learning rates, Howard & Ruder 2018)",
    )
    trunk_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        0.28,
        description="factor by which the learning rate of a pretrained backbone falls from its first block to its "
        "last, geometrically; 1: all blocks have the same",
    )
    exit_weight_power: Annotated[float, Field(ge=0, le=100)] = Field(
        3.0,
        description="how much more a shallow cut weighs in a training of several cuts: cut k of K, counted from 0 at "
        "the shallowest, weighs ((K - k) / K) ** exit_weight_power; 0: all weigh the same",
    )
    weight_decay: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.05, description="weight decay of all weights except biases and normalization"
    )
    momentum: Share = Field(0.9, description="momentum of sgd")
    warmup_epochs: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        1.0, description="epochs in which the learning rate rises to its peak; at most half of the training"
    )
    label_smoothing: Share = Field(0.1, description="label smoothing of the loss")
    gradient_clip: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        1.0, description="largest norm of the gradient; null: the gradient is not clipped"
    )
    ema_decay: Share | None = Field(
        None,
        description="decay per step of an exponential moving average of the weights, which is scored and saved; "
        "null: no average",
    )
    augmentation: Share = Field(0.5, description="augmentation strength: 0 is none, 1 is the strongest")
    first_size: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0,
        description="share of the image size at which training begins; the size grows to the full size over three "
        "quarters of the epochs (progressive resizing, Tan & Le, EfficientNetV2, ICML 2021); networks that take one "
        "size only are always trained at the full size",
    )
    flip: bool = Field(
        True, description="whether augmentation flips images horizontally; set it to false if a flip changes the class"
    )
    frozen_stages: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="number of early stages that keep their pretrained weights and batch statistics"
    )
    class_balance: Literal["none", "weights", "sampling"] = Field(
        "none", description="treatment of unequal class sizes: none, a weighted loss, or balanced sampling"
    )
    # 0 is left out, so that the keys of stored candidates and the names of checkpoints stay what they were.
    unknown_weight: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.0,
        exclude_if=lambda weight: weight == 0,
        description="weight of unknown images (data.unknown) in the loss, beside that of the labelled images: the "
        "network learns to give them all classes with equal probability (outlier exposure, Hendrycks, Mazeika & "
        "Dietterich 2019); 0: they are not used in training. Linear probes never use them",
    )
