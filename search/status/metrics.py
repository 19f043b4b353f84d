"""How searches stand, as metrics for Prometheus.

Names follow https://prometheus.io/docs/practices/naming/. A label never holds a trial's number, so the number of time
series grows with studies, workers and kinds of failures, and not with trials. Ages are by the database's clock: as
times, they would be compared with the clock of another machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from search.statistics.pareto import search_hypervolume
from search.status.facts import SearchStatus, Trained
from search.system.text import clean

OF_SEARCH = ("search",)
OF_STUDY = ("search", "study")
OF_WORKER = ("search", "study", "worker")
MOST_KINDS = 20
OTHER_KINDS = "other failures"
LONGEST_KIND = 120

Labels = TypeVar("Labels", bound=tuple[str, ...])
"""The values of a time series' labels. Samples are a mapping from them, so that no time series is there twice."""


@dataclass(frozen=True)
class Reading:
    """One read of the database.

    searches  None if it could not be read
    seconds   that the read took
    read_at   when it was last read, in seconds since 1970 by this machine's clock; None if it never was
    """

    searches: Sequence[SearchStatus] | None
    seconds: float
    read_at: float | None


def metrics_of(reading: Reading) -> Iterator[Metric]:
    """The metrics of a reading: after a read that failed, nothing but that it failed."""
    yield _gauge("elimnet_database_up", "Whether the database could be read.", (), {(): reading.searches is not None})
    yield _gauge("elimnet_database_read_duration_seconds", "Time that this read took.", (), {(): reading.seconds})
    if reading.read_at is not None:
        said = "When the database was last read, in seconds since 1970."
        yield _gauge("elimnet_database_read_timestamp_seconds", said, (), {(): reading.read_at})
    if reading.searches is not None:
        yield from _of_studies(reading.searches)
        yield from _of_workers(reading.searches)
        yield from _of_fronts(reading.searches)


def _of_studies(searches: Sequence[SearchStatus]) -> Iterator[Metric]:
    studies = {(status.name, study.name): study for status in searches for study in status.standing.studies}
    trained = {(status.name, name): each for status in searches for name, each in status.trained.items()}
    states = {
        (*labels, state): float(count)
        for labels, study in studies.items()
        for state, count in (
            ("complete", study.complete),
            ("pruned", study.stopped),
            ("infeasible", study.infeasible),
            ("failed", study.failed),
            ("running", study.running),
            ("waiting", study.waiting),
        )
    }
    yield _gauge(
        "elimnet_trials", "Trials by state; one that waits to be resumed is running.", (*OF_STUDY, "state"), states
    )
    used = {labels: study.used for labels, study in studies.items() if study.has_budget}
    yield _gauge(
        "elimnet_budget_used_ratio", "Used share of the budget; studies without one are left out.", OF_STUDY, used
    )
    epochs = {labels: float(each.epochs) for labels, each in trained.items()}
    yield _counter(
        "elimnet_epochs_total", "Finished epochs; a training with several exits counts once.", OF_STUDY, epochs
    )
    images = {labels: float(each.epochs * each.images) for labels, each in trained.items() if each.images is not None}
    yield _counter("elimnet_trained_images_total", "Labelled images of the finished epochs.", OF_STUDY, images)
    kinds = {(*labels, kind): count for labels, each in trained.items() for kind, count in _kinds(each).items()}
    said = "Failed trials by the reason, without its numbers."
    yield _counter("elimnet_trial_failures_total", said, (*OF_STUDY, "kind"), kinds)


def _kinds(trained: Trained) -> dict[str, float]:
    """Failures by kind. Kinds that came up late are put together, so that no count ever moves to another label."""
    kinds: dict[str, float] = {}
    for place, (kind, count) in enumerate(trained.failures.items()):
        name = clean(kind)[:LONGEST_KIND] if place < MOST_KINDS else OTHER_KINDS
        kinds[name] = kinds.get(name, 0) + count
    return kinds


def _of_workers(searches: Sequence[SearchStatus]) -> Iterator[Metric]:
    alive = {(status.name,): float(status.alive) for status in searches}
    yield _gauge("elimnet_workers", "Workers with a trial and a heartbeat in the last minute.", OF_SEARCH, alive)
    unattended = {(status.name,): float(status.unattended) for status in searches}
    yield _gauge("elimnet_trials_without_worker", "Running trials that no living worker has.", OF_SEARCH, unattended)
    quiet: dict[tuple[str, ...], float] = {}
    epochs: dict[tuple[str, ...], float] = {}
    for status in searches:
        for work in status.workers:
            labels = (status.name, work.study, work.worker)
            if math.isfinite(work.quiet_seconds):
                quiet[labels] = max(work.quiet_seconds, quiet.get(labels, 0.0))
            if work.epoch_seconds is not None:
                epochs[labels] = max(work.epoch_seconds, epochs.get(labels, 0.0))
    said = "Since the last heartbeat of a worker with a trial; left out if its process is known to have ended."
    yield _gauge("elimnet_worker_heartbeat_age_seconds", said, OF_WORKER, quiet)
    said = "Since the last epoch of a worker's trial; left out before the first one."
    yield _gauge("elimnet_worker_epoch_age_seconds", said, OF_WORKER, epochs)


def _of_fronts(searches: Sequence[SearchStatus]) -> Iterator[Metric]:
    fronts = {(status.name,): status.standing.front for status in searches if status.standing.has_front}
    sizes = {labels: float(len(front)) for labels, front in fronts.items()}
    yield _gauge("elimnet_front_networks", "Networks on the Pareto front of all studies.", OF_SEARCH, sizes)
    best = {labels: front[-1].f1_macro for labels, front in fronts.items() if front}
    yield _gauge("elimnet_front_best_f1_macro", "Best macro F1 on validation, 0 to 1.", OF_SEARCH, best)
    volumes = {
        labels: search_hypervolume([(member.f1_macro, member.parameters) for member in front])
        for labels, front in fronts.items()
    }
    yield _gauge(
        "elimnet_front_hypervolume", "Hypervolume of the Pareto front, 0 to 1, as in reports.", OF_SEARCH, volumes
    )


def _gauge(name: str, said: str, labels: Sequence[str], samples: Mapping[Labels, float]) -> Metric:
    return _with_samples(GaugeMetricFamily(name, said, labels=labels), samples)


def _counter(name: str, said: str, labels: Sequence[str], samples: Mapping[Labels, float]) -> Metric:
    return _with_samples(CounterMetricFamily(name, said, labels=labels), samples)


def _with_samples(family: GaugeMetricFamily | CounterMetricFamily, samples: Mapping[Labels, float]) -> Metric:
    for values, number in samples.items():
        family.add_metric(values, number)
    return family
