"""The split of a search that an earlier version began: it goes on with the split that its studies were created with."""

from __future__ import annotations

from typing import Any

import optuna

from search.settings.data import DataSettings
from search.settings.search import Settings
from storage.database import connect
from storage.errors import DatabaseLost, DatabaseRefused, NoSearch
from storage.names import full_name


def data_settings(settings: Settings, first_contact_seconds: float = 10.0) -> DataSettings:
    """The data settings, without near copies if studies of the search were created before anybody looked for them.

    A setting that a person made stays. If the database does not answer, the settings stay as they are.
    """
    data = settings.data
    if data.near_copies == "off" or "near_copies" in data.model_fields_set:
        return data
    try:
        database = connect(settings.database, create=False, first_contact_seconds=first_contact_seconds)
    except (DatabaseLost, DatabaseRefused, NoSearch):
        return data
    try:
        names = [
            name
            for name in optuna.get_all_study_names(database.optuna)
            if name.startswith(full_name(settings.name, ""))
        ]
        studies = [optuna.load_study(study_name=name, storage=database.optuna) for name in names]
        described: list[dict[str, Any]] = [study.user_attrs.get("data", {}) for study in studies]
    finally:
        database.close()
    former = any(known and "near_copies" not in known for known in described)
    return data.model_copy(update={"near_copies": "off"}) if former else data
