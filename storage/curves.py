"""Learning curves: metrics of each trial at each epoch. Optuna's own curves are for one objective only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from storage.database import Database
from storage.tables import curves, trials, upsert

_TRIALS_A_QUERY = 1000


def append(database: Database, trial_id: int, epoch: int, metrics: Mapping[str, float]) -> None:
    """Store the metrics of one epoch, in the place of those it had: a resumed trial may run its last epoch twice."""
    stored = {name: value if math.isfinite(value) else None for name, value in metrics.items()}
    row = {"trial_id": trial_id, "epoch": epoch, "metrics": stored}
    database.write(lambda connection: upsert(connection, curves, ["trial_id", "epoch"], [row]))


def read(database: Database, trial_ids: Sequence[int]) -> dict[int, list[dict[str, float]]]:
    """Of each trial its epochs in order, as {"epoch": 3, metric: value, ...}; what was not finite is nan."""

    def work(connection: Connection) -> dict[int, list[dict[str, float]]]:
        of_trials: dict[int, list[dict[str, float]]] = {trial_id: [] for trial_id in trial_ids}
        for first in range(0, len(trial_ids), _TRIALS_A_QUERY):
            some = curves.c.trial_id.in_(trial_ids[first : first + _TRIALS_A_QUERY])
            for trial_id, epoch, metrics in connection.execute(select(curves).where(some).order_by(curves.c.epoch)):
                numbers = {name: math.nan if value is None else value for name, value in metrics.items()}
                of_trials[trial_id].append({"epoch": epoch, **numbers})
        return of_trials

    return database.read(work)


def at_epoch(database: Database, study_id: int, epoch: int, metric: str) -> dict[int, float]:
    """One metric at one epoch, by the id of the trial, of all trials of a study that came so far and have it finite."""
    value = curves.c.metrics[metric].as_float()
    query = (
        select(curves.c.trial_id, value)
        .join(trials)
        .where(trials.c.study_id == study_id, curves.c.epoch == epoch, value.is_not(None))
    )
    return dict(database.read(lambda connection: connection.execute(query).all()))
