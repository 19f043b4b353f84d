"""Trials that train only a head, many at once on one stream of features.

Where the whole trunk is frozen and its features are kept, many trainings take little longer than one: see
`search.training.heads`. So a worker that begins such a trial begins others beside it: the same network, with learning
rates, weight decays and dropouts of their own from the study's sampler. They are trials like all others, but use up
nothing of their study's budget of trials unless they fail. Each is written down as if it had been trained alone; and
trained alone it is where its worker dies before, or where its loss is not finite.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from torch import nn

from blocks.network import Network
from blocks.splitting import POOLING_HEADS
from search.settings.spaces import ListedSpace
from search.study.study import OpenStudy
from search.system.device import memory_format
from search.training.device import PeakMemory
from search.training.evaluation import TrainingResult
from search.training.frozen_features import FrozenFeatures, inputs_for
from search.training.heads import OWN, Head, HeadResult, train_heads
from search.training.plan import TrainingData
from search.trial.begin import Refused, begin
from search.trial.context import Workshop
from search.trial.heartbeat import kept_alive
from search.trial.objective import Assignment, feature_cache, network_of
from storage.claims import claim_slot, open_trial
from storage.leases import Lease

OWN_PARAMETERS = OWN | {"dropout"}

Begun = tuple[Lease, Assignment]


def train_batch(
    shop: Workshop,
    studies: Sequence[OpenStudy],
    study: OpenStudy,
    lease: Lease,
    assignment: Assignment,
    interrupted: Callable[[], bool],
) -> TrainingResult | None:
    """The trial's result, with those of others beside it in `shop.ahead`; None where it is to be trained alone.

    Raises Interrupted once `interrupted` says so; the others are then handed back.
    """
    parameters = open_trial(study.study, lease).params
    common = {name: value for name, value in parameters.items() if name not in OWN_PARAMETERS}
    if len(common) == len(parameters) or not _may_have_others(shop, study, lease, assignment):
        return None
    memory = PeakMemory(shop.device)
    network = network_of(assignment, shop.settings)
    inputs = _features(shop, study, network, assignment, interrupted)
    if inputs is None or inputs.validation_arrays is None:
        return None
    with _begun_beside(shop, studies, study, lease, common) as others:
        networks = [network, *(network_of(other, shop.settings) for _, other in others)]
        heads = [
            Head(_layer(one), of_one.candidate.recipe, of_one.candidate.network.head.dropout, of_one.seed)
            for one, of_one in zip(networks, [assignment, *(other for _, other in others)], strict=True)
        ]
        train, validation, views = inputs.train_arrays, inputs.validation_arrays, inputs.views
        results = train_heads(heads, train, validation, shop.device, views, interrupted)
        seconds = [inputs.seconds, *[0.0] * len(others)]  # of the features, which the trial that asked for them pays
        ready = [
            None if result is None else _as_if_alone(one, result, waited, memory.megabytes())
            for one, result, waited in zip(networks, results, seconds, strict=True)
        ]
        for (other, _), theirs in zip(others, ready[1:], strict=True):
            if theirs is not None:
                shop.ahead.results[other.trial_id] = theirs
    return ready[0]


def _may_have_others(shop: Workshop, study: OpenStudy, lease: Lease, assignment: Assignment) -> bool:
    """Whether it is worth building the network, to see whether the whole of its trunk is frozen."""
    recipe, head = assignment.candidate.recipe, assignment.candidate.network.head
    done_together = recipe.optimizer == "adamw" and recipe.ema_decay is None and head.kind in POOLING_HEADS
    searched = not isinstance(study.space, ListedSpace) and shop.settings.heads_at_once > 1
    if (
        not (recipe.frozen_views and recipe.frozen_stages and done_together and searched)
        or assignment.beside is not None
    ):
        return False
    trials = study.study.get_trials(deepcopy=False)
    return not any(trial.user_attrs.get("beside") == lease.number for trial in trials)  # of an earlier attempt


def _features(
    shop: Workshop, study: OpenStudy, network: Network, assignment: Assignment, interrupted: Callable[[], bool]
) -> FrozenFeatures | None:
    """What the head alone is trained on; None where more than a head is trained, or the features cannot be kept."""
    recipe = assignment.candidate.recipe
    if recipe.frozen_stages != network.stages:
        return None
    network.to(shop.device).to(memory_format=memory_format(shop.device))  # type: ignore[call-overload]
    network.freeze_stages(recipe.frozen_stages)
    size = assignment.candidate.network.image_size
    train, validation = shop.dataset.arrays(study.trained_on, size), shop.dataset.arrays("validation", size)
    data = TrainingData(train, validation, feature_cache(shop.settings))
    inputs = inputs_for(network, recipe, data, shop.device, interrupted)
    return inputs if isinstance(inputs, FrozenFeatures) else None


@contextmanager
def _begun_beside(
    shop: Workshop, studies: Sequence[OpenStudy], study: OpenStudy, lease: Lease, common: dict[str, Any]
) -> Iterator[list[Begun]]:
    """Trials with these parameters, kept alive; in the end those with a result wait for it to be written down."""
    claimed: list[Lease] = []
    others: list[Begun] = []
    with ExitStack() as beating:
        try:
            for _ in range(shop.settings.heads_at_once - 1):
                other = claim_slot(shop.database, lease.study_id, shop.worker, queued=False)
                assert other is not None  # no budget limits it
                claimed.append(other)
                beating.enter_context(kept_alive(shop.leases, other))
                shop.database.optuna.set_trial_system_attr(other.trial_id, "fixed_params", common)
                begun = begin(shop, studies, study, other, beside=lease.number)
                if not isinstance(begun, Refused):
                    others.append((other, begun))
            yield others
        finally:
            for other in claimed:
                if other.trial_id in shop.ahead.results:
                    shop.ahead.trials.append((study, other))
                else:
                    shop.leases.hand_back(other)


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
