"""The budget of a study, shared by all workers: a new trial is created and leased in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

import optuna
from optuna.trial import TrialState
from sqlalchemy import Connection, Integer, cast, delete, func, insert, select, update

from storage.clock import DatabaseSeconds, DatabaseTime
from storage.database import Database
from storage.leases import HELD, Lease, find_lease, new_fence
from storage.tables import curves, leases, studies, trials, upsert
from storage.versions import check_version


@dataclass(frozen=True)
class TrialCounts:
    """Trials of a study by what they mean for its budget.

    counted   begun or finished, without those that do not count (see `storage.results.finish`)
    finished  counted trials with a result, or with a reason for having none
    running   counted trials that a worker has or will take over
    waiting   queued, not begun, not counted
    """

    counted: int
    finished: int
    running: int
    waiting: int


def count_trials(database: Database, study_id: int) -> TrialCounts:
    """The trials of a study by what they mean for its budget."""
    return database.read(lambda connection: count_in(connection, study_id))


def claim_trial(database: Database, study_id: int, worker: str, budget: int | None = None) -> Lease | None:
    """Begin a trial of a study, the first queued one or else a new one; None if `budget` trials have been begun.

    Replaces `Study.ask`; continue with `open_trial`. The budget holds exactly, however many workers ask at the same
    time. A trial that ends without counting frees its part of the budget. Raises KeyError if there is no such study,
    and DatabaseRefused if the tables were upgraded meanwhile.
    """
    fence = new_fence()

    def work(connection: Connection) -> Lease | None:
        if (mine := find_lease(connection, fence)) is not None:
            return mine
        check_version(connection, database.url)
        lock_study(connection, study_id)
        if budget is not None and count_in(connection, study_id).counted >= budget:
            return None
        trial_id = _begin_waiting(connection, study_id) or begin_new(connection, study_id)
        _lease(connection, trial_id, worker, fence)
        return find_lease(connection, fence)

    return database.write(work)


def lock_study(connection: Connection, study_id: int) -> None:
    """Take the lock that Optuna itself takes while it numbers a new trial. Raises KeyError without such a study."""
    locked = select(studies.c.study_id).where(studies.c.study_id == study_id).with_for_update()
    if connection.execute(locked).first() is None:
        raise KeyError(f"no study has the id {study_id}")


def open_trial(study: optuna.Study, lease: Lease) -> optuna.trial.Trial:
    """The leased trial, to suggest values from. A trial that was taken over suggests the same values again."""
    study._thread_local.cached_all_trials = None  # as `Study.ask` does: samplers see what others finished meanwhile
    study._storage.get_all_trials(study._study_id, deepcopy=False)  # Optuna's cache takes values of known trials only
    return optuna.trial.Trial(study, lease.trial_id)


def count_in(connection: Connection, study_id: int) -> TrialCounts:
    """The same as `count_trials`, as a part of a transaction."""
    uncounted = func.coalesce(func.sum(cast(~leases.c.counts, Integer)), 0)
    groups = connection.execute(
        select(trials.c.state, func.count(), uncounted)
        .outerjoin(leases, leases.c.trial_id == trials.c.trial_id)
        .where(trials.c.study_id == study_id)
        .group_by(trials.c.state)
    )
    counted = {state: total - off for state, total, off in groups}
    waiting, running = (counted.pop(state, 0) for state in (TrialState.WAITING, TrialState.RUNNING))
    finished = sum(counted.values())
    return TrialCounts(counted=finished + running, finished=finished, running=running, waiting=waiting)


def _begin_waiting(connection: Connection, study_id: int) -> int | None:
    waiting = select(trials.c.trial_id).where(trials.c.study_id == study_id, trials.c.state == TrialState.WAITING)
    trial_id = connection.execute(waiting.order_by(trials.c.number).limit(1).with_for_update()).scalar()
    if trial_id is not None:
        begun = update(trials).values(state=TrialState.RUNNING, datetime_start=DatabaseTime())
        connection.execute(begun.where(trials.c.trial_id == trial_id))
    return trial_id


def begin_new(connection: Connection, study_id: int) -> int:
    """The id of a new running trial. The study must be locked."""
    number = select(func.count()).select_from(trials).where(trials.c.study_id == study_id).scalar_subquery()
    statement = insert(trials).values(
        study_id=study_id, number=number, state=TrialState.RUNNING, datetime_start=DatabaseTime()
    )
    trial_id: int = connection.execute(statement.returning(trials.c.trial_id)).scalar_one()
    # SQLite reuses ids after the dashboard, which does not know our tables, has deleted a study.
    connection.execute(delete(curves).where(curves.c.trial_id == trial_id))
    return trial_id


def _lease(connection: Connection, trial_id: int, worker: str, fence: str) -> None:
    now = connection.execute(select(DatabaseSeconds())).scalar_one()
    lease = {"trial_id": trial_id, "worker": worker, "fence": fence, "status": HELD, "heartbeat": now, "deaths": 0}
    upsert(connection, leases, ["trial_id"], [{**lease, "checkpoint": None, "epoch": None, "counts": True}])
