"""Upgrades of our own tables, one function from each version to the next.

The statements are alembic's, which knows how each database changes a table. Its own bookkeeping is not used: Optuna
has it in the same database, and one number in a table of ours says all that is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Connection, Double, func, select, text, update

from storage.address import mask_url, normalise_url
from storage.clock import DatabaseSeconds
from storage.database import alone, check_file, open_engine
from storage.errors import DatabaseLost, DatabaseRefused, NoSearch
from storage.leases import HELD, NOBODY, STALE_SECONDS, new_fence
from storage.reading import is_writable
from storage.retry import Retry
from storage.tables import SCHEMA_VERSION, leases, schema, studies, trials
from storage.versions import refuse_other_version, schema_version

MOST_NAMED = 5


def _time_of_epochs(operations: Operations) -> None:
    """To version 2: when each epoch was stored."""
    operations.add_column("elimnet_curves", Column("stored_at", Double))


UPGRADES: Mapping[int, Callable[[Operations], None]] = {1: _time_of_epochs}
"""By the version that each starts from."""


def upgrade(url: str, first_contact_seconds: float = 10.0) -> tuple[int, int]:
    """Upgrade the tables of a search to the version of this program, all of them or none. Returns both versions.

    Raises DatabaseRefused if workers hold trials, if the tables are of a later version, or if they cannot be written,
    and NoSearch if there are none.
    """
    address = normalise_url(url)
    where = mask_url(address)
    if address.drivername == "sqlite":
        path = Path(str(address.database))
        check_file(path, where, create=False)
        if not is_writable(path):
            raise DatabaseRefused(f"database {where}: it may not be written; upgrade a copy in a folder of your own")
    engine = open_engine(address, "elimnet-upgrade")
    retry = Retry(where, first_contact_seconds)

    def attempt() -> int:
        with engine.begin() as connection:
            return _upgrade(connection, where)

    try:
        if (version := retry(lambda: schema_version(engine))) is None:
            raise NoSearch(f"database {where}: it holds no search; there is nothing to upgrade")
        if version == SCHEMA_VERSION:
            return version, version
        if version > SCHEMA_VERSION:
            refuse_other_version(version, where)
        with alone(engine, retry):
            return retry(attempt), SCHEMA_VERSION
    except DatabaseLost as lost:
        raise DatabaseRefused(f"{lost}; check host and port of the address, and whether the server is up") from lost
    finally:
        engine.dispose()


def _upgrade(connection: Connection, where: str) -> int:
    """In one transaction, which no worker's transaction interleaves with. Returns the version before."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text(f"LOCK TABLE {schema.name}, {leases.name} IN ACCESS EXCLUSIVE MODE"))
    version: int = connection.execute(select(schema.c.version)).scalar_one()
    _refuse_while_workers_hold_trials(connection, where)
    # Whoever wakes up with a lease of before, such as a suspended worker, has lost it, and writes nothing.
    for trial_id in connection.execute(select(leases.c.trial_id).where(leases.c.status == HELD)).scalars().all():
        connection.execute(update(leases).where(leases.c.trial_id == trial_id).values(fence=new_fence()))
    operations = Operations(MigrationContext.configure(connection))
    for start in range(version, SCHEMA_VERSION):
        UPGRADES[start](operations)
    connection.execute(update(schema).values(version=SCHEMA_VERSION))
    return version


def _refuse_while_workers_hold_trials(connection: Connection, where: str) -> None:
    alive = (
        select(leases.c.worker, studies.c.study_name, trials.c.number)
        .join(trials, trials.c.trial_id == leases.c.trial_id)
        .join(studies, studies.c.study_id == trials.c.study_id)
        .where(leases.c.status == HELD, leases.c.worker != NOBODY)
        .where(leases.c.heartbeat > DatabaseSeconds() - STALE_SECONDS)
        .order_by(leases.c.worker)
    )
    rows = connection.execute(alive.limit(MOST_NAMED)).all()
    if not rows:
        return
    count = connection.execute(select(func.count()).select_from(alive.subquery())).scalar_one()
    named = ", ".join(f"{row.worker} (trial {row.study_name} #{row.number})" for row in rows)
    more = f" and {count - len(rows)} more" if count > len(rows) else ""
    advice = "stop them with Ctrl-C or SIGTERM, which requeues their trials, and repeat the command"
    raise DatabaseRefused(f"database {where}: workers hold trials: {named}{more}; {advice}")
