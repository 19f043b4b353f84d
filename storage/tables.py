"""The tables: Optuna's by name, and our own beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.storages._rdb import models
from sqlalchemy import JSON, Boolean, Column, Connection, Double, ForeignKey, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

SCHEMA_VERSION = 2
"""Of our own tables. A change of them needs the next number, and a function in `storage.upgrades`."""

studies: Table = models.StudyModel.__table__
study_directions: Table = models.StudyDirectionModel.__table__
study_user_attributes: Table = models.StudyUserAttributeModel.__table__
study_system_attributes: Table = models.StudySystemAttributeModel.__table__
trials: Table = models.TrialModel.__table__
trial_values: Table = models.TrialValueModel.__table__
trial_params: Table = models.TrialParamModel.__table__
trial_user_attributes: Table = models.TrialUserAttributeModel.__table__
trial_system_attributes: Table = models.TrialSystemAttributeModel.__table__
trial_intermediate_values: Table = models.TrialIntermediateValueModel.__table__

own = MetaData()


def _of_trial() -> Column[int]:
    """Part of a primary key; the row goes when Optuna or its dashboard deletes the trial."""
    trial = ForeignKey(trials.c.trial_id, ondelete="CASCADE")
    return Column("trial_id", Integer, trial, primary_key=True, autoincrement=False)


schema = Table("elimnet_schema", own, Column("version", Integer, primary_key=True, autoincrement=False))

leases = Table(
    "elimnet_leases",
    own,
    _of_trial(),
    Column("worker", String(255), nullable=False, comment="for people; empty: nobody yet"),
    Column("fence", String(32), nullable=False, comment="what the holder has to show; new with every holder"),
    Column("status", String(8), nullable=False, comment="held, free (handed back) or done"),
    Column("heartbeat", Double, nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("deaths", Integer, nullable=False, comment="holders that fell silent"),
    Column("checkpoint", Text, comment="artefact to resume from"),
    Column("epoch", Integer, comment="epochs that the checkpoint holds"),
    Column("counts", Boolean, nullable=False, comment="towards the budget of the study"),
)

pulse = Table(
    "elimnet_pulse",
    own,
    Column("pulse_id", Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    Column("seen_at", Double, nullable=False, comment="last sign of life of any worker"),
    Column("resumed_at", Double, nullable=False, comment="first one after a silence of all"),
)

curves = Table(
    "elimnet_curves",
    own,
    _of_trial(),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("metrics", JSON, nullable=False, comment="name: number, or null for one that is not finite"),
    Column("stored_at", Double, comment="seconds since 1970 by the database's clock; null: before version 2"),
)


def upsert(
    connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]], update: bool = True
) -> None:
    """Insert rows; where `keys`, a unique index, has one of them already, update that row or leave it as it is."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(list(rows))
    if update:
        others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=others))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=list(keys)))
