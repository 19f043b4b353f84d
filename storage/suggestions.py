"""What a trial suggests, stored in one go: Optuna's way is a transaction for each of some forty values."""

from __future__ import annotations

from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import BaseStorage


class Suggestions:
    """Optuna's storage as one new trial sees it: parameters become `rows` to store, all else goes through."""

    def __init__(self, storage: BaseStorage) -> None:
        self.rows: list[dict[str, Any]] = []
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def set_trial_param(self, trial_id: int, param_name: str, value: float, distribution: BaseDistribution) -> None:
        """Note a parameter, `value` in Optuna's internal representation."""
        row = {"trial_id": trial_id, "param_name": param_name, "param_value": value}
        self.rows.append({**row, "distribution_json": distribution_to_json(distribution)})


def collect(trial: optuna.trial.Trial) -> Suggestions:
    """From now on, what `trial` suggests is only noted; `set_attributes` and `finish` store what they are given."""
    suggestions = Suggestions(trial.storage)
    trial.storage = cast(BaseStorage, suggestions)
    return suggestions
