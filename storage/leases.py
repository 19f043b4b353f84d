"""Which worker has which trial. A worker holds a lease and sends heartbeats; without them another one gets the trial.

All times are of the database's clock. Every holder gets a fence of its own, a random word that all its writes must
show: a worker that was presumed dead and continues gets LeaseLost and changes nothing.

After an outage of the database, all holders appear silent. So any heartbeat of any worker is noted in one row, the
pulse, and the first heartbeat after a silence of all workers restarts the time of every lease.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import TrialState
from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.clock import DatabaseSeconds
from storage.database import Database
from storage.errors import LeaseLost
from storage.tables import leases, pulse, trials
from storage.versions import check_version

HELD, FREE, DONE = "held", "free", "done"
NOBODY = ""
STALE_SECONDS = 60.0
"""All workers of a database take a trial over after this time without a heartbeat of its holder."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one running trial.

    fence       a random word that the holder's writes show
    deaths      earlier holders that fell silent
    checkpoint  reference to resume from; None at the start
    epoch       number of epochs in the checkpoint
    """

    trial_id: int
    study_id: int
    number: int
    worker: str
    fence: str
    deaths: int = 0
    checkpoint: str | None = None
    epoch: int | None = None


class Leases:
    """Renews, releases and reassigns leases; `storage.claims` creates them, and `storage.results` ends them."""

    def __init__(self, database: Database, stale_after_seconds: float = STALE_SECONDS) -> None:
        """All workers of a database use the same `stale_after_seconds`, and beat at least four times in that time."""
        self._database = database
        self._stale_after_seconds = stale_after_seconds

    def beat(self, lease: Lease) -> None:
        """Send a heartbeat. Raises LeaseLost."""

        def work(connection: Connection) -> None:
            self._feel_pulse(connection)
            keep(connection, lease)

        self._database.write(work)

    def record_checkpoint(self, lease: Lease, reference: str, epoch: int) -> str | None:
        """Let the next holder resume from `reference`, which must be stored completely. Counts as a heartbeat.

        Returns the reference that it replaces, if any, which is not needed any more. Raises LeaseLost.
        """

        def work(connection: Connection) -> str | None:
            keep(connection, lease)
            of_trial = leases.c.trial_id == lease.trial_id
            previous = connection.execute(select(leases.c.checkpoint).where(of_trial)).scalar_one()
            connection.execute(update(leases).where(of_trial).values(checkpoint=reference, epoch=epoch))
            return previous if previous != reference else None

        return self._database.write(work)

    def hand_back(self, lease: Lease) -> None:
        """Requeue the trial: another worker can take it immediately. Stop beating first. A lost lease is left alone."""
        statement = update(leases).where(_held_by(lease)).values(status=FREE)
        self._database.write(lambda connection: connection.execute(statement))

    def declare_dead(self, worker: str) -> None:
        """Record that a worker's process has ended: its trials can be taken immediately, and each counts a death."""
        held = (leases.c.worker == worker) & (leases.c.status == HELD)
        self._database.write(lambda connection: connection.execute(update(leases).where(held).values(heartbeat=-1.0)))

    def take_over(self, study_ids: Sequence[int], worker: str, deaths: int = 0) -> Lease | None:
        """The lease of a running trial of these studies that was requeued or whose holder fell silent, or None.

        A holder that fell silent counts as a death; only trials with at least `deaths`, this one included, are taken.
        For a running trial that never had a lease, because it was created by other means, the time starts when it is
        first seen here, and no death is counted. Raises DatabaseRefused if the tables were upgraded meanwhile.
        """
        fence = new_fence()

        def work(connection: Connection) -> Lease | None:
            if (mine := find_lease(connection, fence)) is not None:
                return mine
            check_version(connection, self._database.url)
            self._feel_pulse(connection)
            running = and_(trials.c.study_id.in_(study_ids), trials.c.state == TrialState.RUNNING)
            _note_unleased(connection, running)
            row = connection.execute(_takeable(running, self._silent_since(connection), deaths)).first()
            if row is None:
                return None
            connection.execute(
                update(leases)
                .where(leases.c.trial_id == row.trial_id)
                .values(worker=worker, fence=fence, status=HELD, heartbeat=DatabaseSeconds(), deaths=row.deaths)
            )
            return find_lease(connection, fence)

        return self._database.write(work)

    def _feel_pulse(self, connection: Connection) -> None:
        """Note a heartbeat, and whether it is the first one after a silence of all workers."""
        now, silence = DatabaseSeconds(), self._stale_after_seconds / 2
        connection.execute(
            update(pulse)
            .where(pulse.c.seen_at < now - silence / 8)  # not at every heartbeat: all workers share this row
            .values(seen_at=now, resumed_at=case((pulse.c.seen_at < now - silence, now), else_=pulse.c.resumed_at))
        )

    def _silent_since(self, connection: Connection) -> float:
        """Holders without a heartbeat since this time are silent. None is until all have had time to return."""
        now, resumed_at = connection.execute(select(DatabaseSeconds(), pulse.c.resumed_at)).one()
        limit: float = now - self._stale_after_seconds
        return limit if resumed_at < limit else 0.0


def new_fence() -> str:
    """A new fence. It is made before the first attempt to get a lease, so that a retry finds the lease it got."""
    return uuid.uuid4().hex


def keep(connection: Connection, lease: Lease) -> None:
    """Lock the lease for this transaction, which counts as a heartbeat. Raises LeaseLost."""
    statement = update(leases).where(_held_by(lease)).values(heartbeat=DatabaseSeconds())
    if connection.execute(statement).rowcount != 1:
        raise LeaseLost(f"trial {lease.number} (id {lease.trial_id}): no longer held by {lease.worker}")


def find_lease(connection: Connection, fence: str) -> Lease | None:
    """The lease with this fence."""
    held = select(leases, trials.c.study_id, trials.c.number).join(trials).where(leases.c.fence == fence)
    row = connection.execute(held).first()
    if row is None:
        return None
    return Lease(row.trial_id, row.study_id, row.number, row.worker, row.fence, row.deaths, row.checkpoint, row.epoch)


def _held_by(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.trial_id == lease.trial_id, leases.c.fence == lease.fence, leases.c.status == HELD)


def _note_unleased(connection: Connection, running: ColumnElement[bool]) -> None:
    """Give running trials without a lease one without a holder, whose time starts now."""
    unleased = select(
        trials.c.trial_id,
        *(literal(value) for value in (NOBODY, NOBODY, HELD)),
        DatabaseSeconds(),
        literal(0),
        literal(True),
    ).where(running, ~exists().where(leases.c.trial_id == trials.c.trial_id))
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    columns = ["trial_id", "worker", "fence", "status", "heartbeat", "deaths", "counts"]
    connection.execute(insert(leases).from_select(columns, unleased).on_conflict_do_nothing())


def _takeable(running: ColumnElement[bool], silent_since: float, least: int) -> Select[tuple[int, int]]:
    """The first takeable lease, locked, with its deaths. Leases that others are taking or renewing are skipped."""
    silent = and_(leases.c.status == HELD, leases.c.heartbeat < silent_since)
    died = and_(leases.c.status == HELD, leases.c.worker != NOBODY)
    deaths = leases.c.deaths + case((died, 1), else_=0)
    return (
        select(leases.c.trial_id, deaths.label("deaths"))
        .join(trials)
        .where(running, or_(leases.c.status == FREE, silent), deaths >= least)
        .order_by(leases.c.trial_id)
        .limit(1)
        .with_for_update(of=leases, skip_locked=True)
    )
