"""How a network is trained: every number that the loop reads, and nothing that changes the network."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from blocks.specification import Frozen

Share = Annotated[float, Field(ge=0, le=1)]


class Recipe(Frozen):
    """A training recipe. Learning rates are peaks, for the given batch size; the schedule is warm-up, then cosine to 0.

    learning_rate          for the head and everything that starts from random weights
    trunk_learning_rate    factor on it for pretrained layers (discriminative learning rates, Howard & Ruder 2018)
    frozen_stages          early stages that keep their pretrained weights and batch statistics
    frozen_views           augmented views of each image whose features at the end of the frozen stages are computed
                           once and taken in turn by the epochs, at full size, the strength rounded to quarters; None:
                           images are augmented anew in each epoch
    augmentation           strength: 0 none, 1 as strong as it gets
    first_size             share of the image size at which training begins; it grows to the whole over three quarters
                           of the epochs (progressive learning, Tan & Le, EfficientNetV2, ICML 2021). Networks that take
                           one size only are trained at it
    flip                   whether augmentation mirrors images left to right; off where that changes the class
    ema_decay              exponential moving average of the weights per step, or None; the average is what is scored
    class_balance          what is done about unequal classes: nothing, weighted loss, or balanced sampling
    distillation           share of the loss that asks for a teacher's answers instead of the labels (Hinton, Vinyals &
                           Dean 2015). The teacher sees the same augmented image (Beyer et al., CVPR 2022), so there
                           are no `frozen_views`
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 12
    batch_size: Annotated[int, Field(ge=2, le=1_000_000)] = 32
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0, le=1000)] = 3e-3
    trunk_learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.3
    weight_decay: Annotated[float, Field(ge=0, le=1000)] = 0.05
    momentum: Share = 0.9
    warmup_epochs: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    label_smoothing: Share = 0.1
    gradient_clip: Annotated[float, Field(gt=0, le=1_000_000)] | None = 1.0
    ema_decay: Share | None = None
    augmentation: Share = 0.5
    first_size: Annotated[float, Field(gt=0, le=1)] = 1.0
    flip: bool = True
    frozen_stages: Annotated[int, Field(ge=0, le=1000)] = 0
    frozen_views: Annotated[int, Field(ge=1, le=1000)] | None = None
    class_balance: Literal["none", "weights", "sampling"] = "none"
    distillation: Share = 0.0

    @model_validator(mode="after")
    def _a_teacher_sees_images(self) -> Self:
        if self.distillation and self.frozen_views:
            raise ValueError("distillation needs images, and frozen_views are features: set one of them alone")
        return self
