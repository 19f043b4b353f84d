"""Attributes of a trial besides its parameters and values: single values for people, and details.

Single values are Optuna's user attributes, columns of the dashboard. The dashboard writes each on one line, however
long, and makes the page as wide: so lists, mappings and texts of many lines are details, kept among Optuna's system
attributes, which it does not show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from sqlalchemy import Connection

from storage.tables import trial_system_attributes, trial_user_attributes, upsert

DETAIL = "elimnet:detail:"


def store_attributes(connection: Connection, trial_id: int, attributes: Mapping[str, Any]) -> None:
    """Store each attribute as JSON in its table, replacing one of the same name."""
    for table, prefix, chosen in (
        (trial_user_attributes, "", {name: value for name, value in attributes.items() if not _is_detail(value)}),
        (trial_system_attributes, DETAIL, {name: value for name, value in attributes.items() if _is_detail(value)}),
    ):
        rows = [
            {"trial_id": trial_id, "key": prefix + name, "value_json": json.dumps(value)}
            for name, value in chosen.items()
        ]
        if rows:
            upsert(connection, table, ["trial_id", "key"], rows)


def attributes_of(trial: optuna.Trial | FrozenTrial) -> dict[str, Any]:
    """All attributes of a trial, details included. Reports read those of all trials through `storage.trials`."""
    if isinstance(trial, FrozenTrial):
        stored = trial.system_attrs
    else:
        stored = trial.storage.get_trial_system_attrs(trial._trial_id)
    details = {key.removeprefix(DETAIL): value for key, value in stored.items() if key.startswith(DETAIL)}
    return trial.user_attrs | details


def _is_detail(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) or (isinstance(value, str) and "\n" in value)


TRAINED_WITH = "trained_with"  # attribute of an exit: the number of the trial whose training gave it
MODEL_LOST = "model_lost"  # attribute of a trial whose model could not be saved: the reason
