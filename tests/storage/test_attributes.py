from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import TrialState

from storage.attributes import attributes_of
from storage.claims import claim_trial, open_trial
from storage.database import Database
from storage.results import finish, set_attributes
from storage.trials import read_trials

DETAILS: dict[str, Any] = {
    "candidate": {"blocks": [1, None, "ä"]},
    "confusion": [[3, 0], [1, 2]],
    "traceback": "one line\nand another",
    "none": [],
}


def test_the_dashboard_sees_single_values_and_all_readers_see_everything(
    database: Database, study: optuna.Study
) -> None:
    lease = claim_trial(database, study._study_id, "worker")
    assert lease is not None
    set_attributes(database, lease, {"seed": 3, "candidate": {"blocks": []}})
    set_attributes(database, lease, DETAILS)
    assert study.trials[0].user_attrs == {"seed": 3}
    assert attributes_of(open_trial(study, lease)) == {"seed": 3, **DETAILS}
    finish(database, lease, TrialState.FAIL, attributes={"seconds": 1.5, "none": [0]})
    (record,) = read_trials(database)
    assert record.attributes == {"seed": 3, "seconds": 1.5, **DETAILS, "none": [0]}
    assert study.trials[0].user_attrs == {"seed": 3, "seconds": 1.5}


def test_what_optuna_itself_was_told_is_no_detail(database: Database, study: optuna.Study) -> None:
    trial = study.ask()
    trial.set_user_attr("candidate", {"blocks": [1]})
    trial.set_constraint("parameters", 0.5)
    study.tell(trial, [0.5, 1.0])
    (record,) = read_trials(database)
    assert record.attributes == {"candidate": {"blocks": [1]}}
