"""optuna-dashboard as an application for any WSGI server: `gunicorn 'storage.dashboard:application()'`.

Settings come from the environment, secrets from files, so that no password is in a command line or an environment:
DATABASE_URL or DATABASE_URL_FILE, DATABASE_PASSWORD_FILE, ARTEFACT_STORE (a folder or s3://BUCKET/PREFIX).
It has no login of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import optuna_dashboard
from sqlalchemy import URL

from storage.address import normalise_url
from storage.artefacts import open_artefacts
from storage.database import connect
from storage.errors import DatabaseRefused

OUTAGE_SECONDS = 20  # how long a page waits for an unreachable database before it fails

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(environment: Mapping[str, str] = os.environ) -> WSGIApplication:
    """The application. Call it in the process that serves, not before a fork.

    Raises DatabaseRefused if there is no search to show, and ArtefactError for a store that cannot be opened.
    """
    address = database_address(environment)
    database = connect(address, create=False, give_up_seconds=OUTAGE_SECONDS, application_name="elimnet-dashboard")
    where = environment.get("ARTEFACT_STORE")
    store = open_artefacts(where).store if where else None
    served: WSGIApplication = optuna_dashboard.wsgi(database.optuna, artifact_store=store)
    return served


def database_address(environment: Mapping[str, str]) -> URL:
    """The database that the environment names, its password included."""
    file = environment.get("DATABASE_URL_FILE")
    url = _secret("DATABASE_URL_FILE", file) if file else environment.get("DATABASE_URL")
    if not url:
        raise DatabaseRefused("dashboard: no database; set DATABASE_URL, or DATABASE_URL_FILE to a file that holds it")
    address = normalise_url(url)
    password_file = environment.get("DATABASE_PASSWORD_FILE")
    return address.set(password=_secret("DATABASE_PASSWORD_FILE", password_file)) if password_file else address


def _secret(variable: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DatabaseRefused(f"dashboard: {variable}: {file}: {error.strerror}; name a readable file") from error
