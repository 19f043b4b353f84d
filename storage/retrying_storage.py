"""Optuna's storage, made to wait for its database."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Sequence
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Engine

from storage.frozen_trials import read_frozen_trials
from storage.retry import Retry


class RetryingStorage(RDBStorage):
    """An RDBStorage on the connections of `engine`, whose operations are repeated during outages.

    Operations that are not safe to repeat are made so: see `set_trial_state_values`. A trial that was created, but
    whose creation was not confirmed to this process, remains running without a lease, and a worker takes it over in
    time (`storage.leases`).

    Raises RuntimeError for the tables of another version of Optuna.
    """

    def __init__(self, engine: Engine, retry: Retry, create_tables: bool = False) -> None:
        self._retry = retry
        # Optuna reads {SCHEMA_VERSION} in an address, which needs no password here: connections come from the pool.
        masked = engine.url.render_as_string(hide_password=True).replace("{", "{{").replace("}", "}}")
        super().__init__(masked, {"pool": engine.pool}, skip_table_creation=not create_tables)

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        def attempt() -> list[FrozenTrial]:
            with self.engine.connect() as connection:
                return read_frozen_trials(connection, study_id, states, included_trial_ids, trial_id_greater_than)

        return self._retry(attempt)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """As in Optuna, except that an attempt that succeeded without being confirmed counts as a success."""
        attempts = 0

        def attempt() -> bool:
            nonlocal attempts
            attempts += 1
            try:
                return super(RetryingStorage, self).set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                stored = self.get_trial(trial_id)
                if attempts > 1 and stored.state == state and list(stored.values or []) == list(values or []):
                    return True
                raise

        return self._retry(attempt)


def _repeated(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def retrying(self: RetryingStorage, *args: Any, **kwargs: Any) -> Any:
        return self._retry(lambda: method(self, *args, **kwargs))

    return retrying


# Each is one transaction, with the same result when repeated. Public methods that are missing here call these.
for _name in (
    "create_new_study",
    "get_all_studies",
    "get_study_directions",
    "get_study_id_from_name",
    "get_study_name_from_id",
    "get_study_system_attrs",
    "get_study_user_attrs",
    "set_study_system_attr",
    "set_study_user_attr",
    "_create_new_trial",
    "_get_best_trial_id",
    "_set_trial_param",
    "get_trial",
    "get_trial_id_from_study_id_trial_number",
    "get_trial_param",
    "get_trial_system_attrs",
    "get_trial_user_attrs",
    "set_trial_intermediate_value",
    "set_trial_system_attr",
    "set_trial_user_attr",
):
    setattr(RetryingStorage, _name, _repeated(getattr(RDBStorage, _name)))
