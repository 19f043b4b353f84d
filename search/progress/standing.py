"""How far the studies of a run are, read from the database.

Optuna keeps finished trials in memory and reads only the others. So reading the standing after one more trial has ended
costs little, however many trials there are. A report, which reads all trials, would cost more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from optuna.trial import FrozenTrial, TrialState

from search.progress.facts import Member, Standing, StudyStanding
from search.settings.spaces import ListedSpace
from search.statistics.pareto import front
from search.study.budget import share_of_budget, training_seconds
from search.study.study import OpenStudy, front_of
from storage.claims import TrialCounts, count_trials
from storage.database import Database


@dataclass(frozen=True)
class StudyTrials:
    """What the standing of a study is made of.

    trials, minutes  its budget; None for no limit
    listed           whether it is a fixed-list study
    found            its trials
    """

    name: str
    trials: int | None
    minutes: float | None
    listed: bool
    counts: TrialCounts
    found: Sequence[FrozenTrial]


def read_standing(database: Database, studies: Sequence[OpenStudy]) -> Standing:
    """The present standing of `studies`, over all workers. Raises DatabaseLost."""
    return standing_of([_read(database, study) for study in studies])


def standing_of(studies: Sequence[StudyTrials]) -> Standing:
    """The standing of studies whose trials are known."""
    has_front = any(not study.listed for study in studies)
    return Standing([_of_study(study) for study in studies], joint_front(studies), has_front)


def joint_front(studies: Sequence[StudyTrials]) -> tuple[Member, ...]:
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
        if not study.listed
        for seeds in front_of(study.found)
    ]
    kept = front([(member.f1_macro, member.parameters) for member in members])
    on_front = [member for member, on in zip(members, kept, strict=True) if on]
    return tuple(sorted(on_front, key=lambda member: member.parameters))


def _of_study(study: StudyTrials) -> StudyStanding:
    infeasible = sum(bool(trial.user_attrs.get("infeasible")) for trial in study.found)
    states = Counter(trial.state for trial in study.found)
    seconds = training_seconds(study.found)
    return StudyStanding(
        name=study.name,
        trials=study.trials,
        minutes=study.minutes,
        begun=study.counts.counted,
        ended=study.counts.finished,
        complete=states[TrialState.COMPLETE],
        stopped=states[TrialState.PRUNED] - infeasible,
        infeasible=infeasible,
        failed=states[TrialState.FAIL],
        running=states[TrialState.RUNNING],
        waiting=states[TrialState.WAITING],
        seconds=seconds,
        used=share_of_budget(study.trials, study.minutes, study.counts.counted, seconds),
    )


def _read(database: Database, study: OpenStudy) -> StudyTrials:
    found = study.study.get_trials(deepcopy=False)
    counts = count_trials(database, study.study._study_id)
    return StudyTrials(study.name, study.trials, study.minutes, isinstance(study.space, ListedSpace), counts, found)
