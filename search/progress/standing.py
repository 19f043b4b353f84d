"""How far the studies of a run are, read from the database.

Optuna keeps finished trials in memory and reads only the others. So reading the standing after one more trial has ended
costs little, however many trials there are. A report, which reads all trials, would cost more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from optuna.trial import TrialState

from search.progress.facts import Member, Standing, StudyStanding
from search.settings.spaces import ListedSpace
from search.statistics.pareto import front
from search.study.budget import training_seconds
from search.study.study import OpenStudy, study_front
from storage.claims import count_trials
from storage.database import Database


def read_standing(database: Database, studies: Sequence[OpenStudy]) -> Standing:
    """The present standing of `studies`, over all workers. Raises DatabaseLost."""
    has_front = any(not isinstance(study.space, ListedSpace) for study in studies)
    return Standing([_of_study(database, study) for study in studies], joint_front(studies), has_front)


def joint_front(studies: Sequence[OpenStudy]) -> tuple[Member, ...]:
    """The candidates on the Pareto front of all studies, fewest parameters first.

    Listed studies are excluded: their networks are baselines, and some of them have test scores.
    """
    members = [
        Member(
            trials=tuple(f"{study.name} #{trial.number}" for trial in seeds),
            f1_macro=fmean(trial.values[0] for trial in seeds),
            parameters=int(seeds[0].values[1]),
        )
        for study in studies
        if not isinstance(study.space, ListedSpace)
        for seeds in study_front(study.study)
    ]
    kept = front([(member.f1_macro, member.parameters) for member in members])
    on_front = [member for member, on in zip(members, kept, strict=True) if on]
    return tuple(sorted(on_front, key=lambda member: member.parameters))


def _of_study(database: Database, study: OpenStudy) -> StudyStanding:
    trials = study.study.get_trials(deepcopy=False)
    infeasible = sum(bool(trial.user_attrs.get("infeasible")) for trial in trials)
    states = Counter(trial.state for trial in trials)
    return StudyStanding(
        name=study.name,
        trials=study.trials,
        minutes=study.minutes,
        ended=count_trials(database, study.study._study_id).finished,
        stopped=states[TrialState.PRUNED] - infeasible,
        failed=states[TrialState.FAIL],
        running=states[TrialState.RUNNING],
        seconds=training_seconds(trials),
    )
