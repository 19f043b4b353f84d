"""Upgrading the tables of a search, for `search.init --upgrade`."""

from __future__ import annotations

from contextlib import closing

from search.errors import BadInput
from search.settings.search import Settings
from storage.database import connect
from storage.errors import DatabaseRefused
from storage.upgrades import upgrade


def upgrade_tables(settings: Settings) -> None:
    """Upgrade the tables to this version, and say what was done.

    Raises BadInput if workers are at work, if the tables are of a later version, or if there is no search.
    """
    try:
        before, after = upgrade(settings.database)
        with closing(connect(settings.database, read_only=True)) as database:
            if before == after:
                print(f"{database.url}: its tables have version {after} already")
            else:
                print(f"{database.url}: its tables were upgraded from version {before} to {after}")
    except DatabaseRefused as error:
        raise BadInput("the tables cannot be upgraded", [str(error)]) from error
