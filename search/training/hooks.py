"""How the caller of a training takes part in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from search.training.checkpoint import Checkpoint
from search.training.evaluation import EpochMetrics


@dataclass(frozen=True)
class Hooks:
    """What a training reports to its caller and asks of it. None of it changes the result on the CPU, except
    `accumulation`.

    checkpoint    the training resumes from it, and writes it after each epoch and when it is interrupted
    accumulation  number of parts in which a batch goes through the network, to save memory. A step sees the same
                  images and learning rate; batch statistics are computed per part
    on_epoch      called after each epoch and before its checkpoint is written: again, if the process dies in between
    epochs        asked after the first epoch, with its seconds, how many epochs the whole training has; only if the
                  first epoch is the same for any number: while the learning rate rises, at the full image size
    on_step       called after each optimizer step
    is_late       asked with the number of epochs that are done, before each further one; True ends the training there,
                  and its result is that of the epochs so far
    interrupted   asked before each step and before each batch of validation; True ends the training
    """

    checkpoint: Checkpoint | None = None
    accumulation: int = 1
    on_epoch: Callable[[EpochMetrics], None] = lambda _metrics: None
    epochs: Callable[[float], int] | None = None
    on_step: Callable[[], None] = lambda: None
    is_late: Callable[[int], bool] = lambda _epochs: False
    interrupted: Callable[[], bool] = lambda: False


NO_HOOKS = Hooks()
