"""The database's clock as SQL expressions. The workers' clocks may differ by minutes; this one is the same for all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class DatabaseSeconds(FunctionElement[float]):
    """Seconds since 1970 when the statement runs, not when its transaction began."""

    type = Double()
    inherit_cache = True


class DatabaseTime(FunctionElement[datetime]):
    """The same as a naive UTC timestamp, which is what Optuna's tables hold."""

    type = DateTime()
    inherit_cache = True


@compiles(DatabaseSeconds, "postgresql")
def _postgresql_seconds(*_: Any, **__: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(DatabaseSeconds, "sqlite")
def _sqlite_seconds(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(DatabaseTime, "postgresql")
def _postgresql_time(*_: Any, **__: Any) -> str:
    return "timezone('utc', clock_timestamp())"


@compiles(DatabaseTime, "sqlite")
def _sqlite_time(*_: Any, **__: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"
