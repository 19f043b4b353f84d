"""The suggestions of a trial, stored in one transaction. Optuna's own way is one for each of about forty values."""

from __future__ import annotations

from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import BaseStorage


class Suggestions:
    """Optuna's storage for one new trial: parameters become `rows` to store, everything else is passed through."""

    def __init__(self, storage: BaseStorage) -> None:
        self.rows: list[dict[str, Any]] = []
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def set_trial_param(self, trial_id: int, param_name: str, value: float, distribution: BaseDistribution) -> None:
        """Collect a parameter; `value` is in Optuna's internal representation."""
        row = {"trial_id": trial_id, "param_name": param_name, "param_value": value}
        self.rows.append({**row, "distribution_json": distribution_to_json(distribution)})


def collect(trial: optuna.trial.Trial) -> Suggestions:
    """Collect the suggestions of `trial` from now on; `set_attributes` and `finish` store what they are given."""
    suggestions = Suggestions(trial.storage)
    trial.storage = cast(BaseStorage, suggestions)
    return suggestions
