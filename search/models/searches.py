"""Which search of a database a command means."""

from __future__ import annotations

from search.errors import BadInput
from search.settings.search import Settings
from storage.database import Database
from storage.names import search_name
from storage.trials import read_studies


def chosen_search(database: Database, settings: Settings) -> str:
    """The search that --name or the settings name; otherwise the only search in the database.

    Among several searches, the search that is called like the data folder is chosen. Raises BadInput if the database
    holds no search, no search of that name, or several to choose from.
    """
    if "name" in settings.model_fields_set:
        check_search(database, settings.name)
        return settings.name
    names = _searches(database)
    if len(names) == 1:
        return names[0]
    if settings.data.path is not None and settings.name in names:
        return settings.name
    raise BadInput("several searches found", [_choice(database, names)])


def check_search(database: Database, name: str) -> None:
    """Raises BadInput if the database holds no search called `name`."""
    names = _searches(database)
    if name not in names:
        raise BadInput(f"no search called {name!r}", [_choice(database, names)])


def _searches(database: Database) -> list[str]:
    names = sorted({search_name(record.name) for record in read_studies(database)})
    if not names:
        raise BadInput("no search found", [f"{database.url} holds no study; start one with python -m search.run"])
    return names


def _choice(database: Database, names: list[str]) -> str:
    return f"{database.url} holds {', '.join(names)}; choose one with --name"
