"""Database addresses: the accepted forms, and how they are shown without their secrets."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import DatabaseRefused

_DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
}
_SECRET_QUERY = ("password", "sslpassword")
_EXPECTED = "expected postgresql://USER:PASSWORD@HOST:5432/DATABASE, sqlite:///FILE or the path of an SQLite file"


def normalise_url(url: str | URL) -> URL:
    """The address with the name of its driver, and with the absolute path of an SQLite file.

    Raises DatabaseRefused for an address of another form. The message contains no secret.
    """
    parsed = _parse(url)
    if parsed.drivername not in _DRIVERS:
        raise DatabaseRefused(f"database address: cannot use {parsed.drivername}://; {_EXPECTED}")
    parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    if parsed.drivername == "sqlite":
        return _absolute(parsed)
    if "@" in (parsed.host or ""):
        raise DatabaseRefused(
            "database address: more than one '@'; write '@' in a password as %40, ':' as %3A, '/' as %2F"
        )
    if not parsed.database:
        raise DatabaseRefused(f"database address {mask_url(parsed)}: no database is named; {_EXPECTED}")
    if secret := parsed.query.get("password"):  # SQLAlchemy masks a password only in its usual place
        password = secret if isinstance(secret, str) else secret[0]
        return parsed.difference_update_query(["password"]).set(password=password)
    return parsed


def mask_url(url: str | URL) -> str:
    """The address for messages and logs, without passwords; an address that cannot be parsed is not shown."""
    try:
        parsed = _parse(url)
    except DatabaseRefused:
        return "(an address that cannot be read)"
    if "@" in (parsed.host or ""):  # the tail of a password with a bare '@'
        return f"{parsed.drivername}://***"
    return parsed.difference_update_query(_SECRET_QUERY).render_as_string(hide_password=True)


def _parse(url: str | URL) -> URL:
    if isinstance(url, URL):
        return url
    if "://" not in url and url.strip():
        return URL.create("sqlite", database=url)
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # their messages may repeat parts of the address
        raise DatabaseRefused(f"database address: it cannot be read; {_EXPECTED}") from None


def _absolute(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise DatabaseRefused(
            "database address: workers cannot share an SQLite database in memory; name a file, sqlite:///FILE"
        )
    return url.set(database=str(Path(url.database).expanduser().absolute()))
