"""Trials that train only a head: one batch of them is trained on one stream of features.

Where the whole trunk is frozen and its features are cached, many trainings take little longer than one: see
`search.training.heads`. So a worker that begins such a trial begins others beside it: the same network, with learning
rates, weight decays and dropouts of their own from the study's sampler. They are ordinary trials, but they use up
nothing of their study's budget of trials unless they fail. The result of each is stored as if it had been trained
alone. A trial is trained alone if its worker dies before that, or if its loss is not finite.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from torch import nn

from blocks.network import Network
from blocks.splitting import POOLING_HEADS
from search.settings.spaces import ListedSpace
from search.system.device import memory_format
from search.training.device import PeakMemory
from search.training.evaluation import TrainingResult
from search.training.frozen_features import FrozenFeatures, inputs_for
from search.training.heads import OWN, Head, HeadResult, train_heads
from search.training.plan import TrainingData
from search.trial.begin import Refused, begin
from search.trial.heartbeat import kept_alive
from search.trial.leased import AssignedTrial, LeasedTrial
from search.trial.objective import feature_cache
from storage.claims import claim_trial

OWN_PARAMETERS = OWN | {"dropout"}


def train_batch(trial: AssignedTrial) -> TrainingResult | None:
    """The trial's result, with those of others beside it in `Ahead`; None where the trial must be trained alone.

    Raises Interrupted once the worker is asked to stop; the others are then requeued.
    """
    context = trial.context
    parameters = trial.opened().params
    common = {name: value for name, value in parameters.items() if name not in OWN_PARAMETERS}
    if len(common) == len(parameters) or not _may_have_others(trial):
        return None
    memory = PeakMemory(context.device)
    network = trial.network()
    inputs = _features(trial, network)
    if inputs is None or inputs.validation_arrays is None:
        return None
    with _begun_beside(trial, common) as others:
        networks = [network, *(other.network() for other in others)]
        heads = [
            Head(_layer(one), of_one.recipe, of_one.candidate.network.head.dropout, of_one.assignment.seed)
            for one, of_one in zip(networks, [trial, *others], strict=True)
        ]
        train, validation, views = inputs.train_arrays, inputs.validation_arrays, inputs.views
        results = train_heads(heads, train, validation, context.device, views, trial.interrupted)
        seconds = [inputs.seconds, *[0.0] * len(others)]  # the trial that asked for the features pays for them
        ready = [
            None if result is None else _as_if_alone(one, result, waited, memory.megabytes())
            for one, result, waited in zip(networks, results, seconds, strict=True)
        ]
        for other, theirs in zip(others, ready[1:], strict=True):
            if theirs is not None:
                context.ahead.results[other.lease.trial_id] = theirs
    return ready[0]


def _may_have_others(trial: AssignedTrial) -> bool:
    """Whether it is worth building the network, to see whether the whole of its trunk is frozen."""
    recipe, head = trial.recipe, trial.candidate.network.head
    done_together = recipe.optimizer == "adamw" and recipe.ema_decay is None and head.kind in POOLING_HEADS
    searched = not isinstance(trial.study.space, ListedSpace) and trial.context.settings.heads_at_once > 1
    frozen = recipe.frozen_views and recipe.frozen_stages
    if not (frozen and done_together and searched) or trial.assignment.beside is not None:
        return False
    trials = trial.study.study.get_trials(deepcopy=False)
    return not any(other.user_attrs.get("beside") == trial.lease.number for other in trials)  # of an earlier attempt


def _features(trial: AssignedTrial, network: Network) -> FrozenFeatures | None:
    """What the head alone is trained on; None where more than a head is trained, or the features cannot be stored."""
    recipe, context = trial.recipe, trial.context
    if recipe.frozen_stages != network.stages:
        return None
    network.to(context.device).to(memory_format=memory_format(context.device))  # type: ignore[call-overload]
    network.freeze_stages(recipe.frozen_stages)
    train, validation = trial.arrays(trial.study.trained_on), trial.arrays("validation")
    data = TrainingData(train, validation, feature_cache(context.settings))
    inputs = inputs_for(network, recipe, data, context.device, trial.interrupted)
    return inputs if isinstance(inputs, FrozenFeatures) else None


@contextmanager
def _begun_beside(trial: AssignedTrial, common: dict[str, Any]) -> Iterator[list[AssignedTrial]]:
    """Trials with these parameters, kept alive; in the end those with a result wait for it to be stored."""
    context, study = trial.context, trial.study
    claimed: list[LeasedTrial] = []
    others: list[AssignedTrial] = []
    with ExitStack() as beating:
        try:
            for _ in range(context.settings.heads_at_once - 1):
                lease = claim_trial(context.database, trial.lease.study_id, context.name, queued=False)
                assert lease is not None  # no budget limits it
                other = LeasedTrial(context, study, lease)
                claimed.append(other)
                beating.enter_context(kept_alive(other))
                context.database.optuna.set_trial_system_attr(lease.trial_id, "fixed_params", common)
                begun = begin(other, beside=trial.lease.number)
                if not isinstance(begun, Refused):
                    others.append(begun)
            yield others
        finally:
            for other in claimed:
                if other.lease.trial_id in context.ahead.results:
                    context.ahead.trials.append((study, other.lease))
                else:
                    context.leases.hand_back(other.lease)


def _layer(network: Network) -> nn.Linear:
    layer = network.head.classifier
    assert isinstance(layer, nn.Linear)
    return layer


def _as_if_alone(network: Network, result: HeadResult, seconds: float, megabytes: float) -> TrainingResult:
    first, *later = result.epochs
    epochs = (replace(first, seconds=first.seconds + seconds), *later)
    return TrainingResult(
        network=network.eval(),
        epochs=epochs,
        evaluation=result.evaluation,
        seconds=sum(row.seconds for row in epochs),
        images_per_second=statistics.median(row.images_per_second for row in epochs),
        peak_memory_mb=megabytes,
    )
