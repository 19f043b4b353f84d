"""How searches stand, read from the database alone: no settings, no data and no PyTorch are needed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from search.errors import BadInput
from search.progress.facts import Standing
from search.progress.standing import StudyTrials, standing_of
from search.settings.search import chosen_budget
from search.study.study import WHOLE
from search.system.text import first_line, without_numbers
from storage.database import Database
from storage.names import search_name, short_name
from storage.overview import Holder, Overview, StudyOverview, read_overview

OF_STUDIES = ("space", "settings", "data", WHOLE)
OF_TRIALS = ("candidate_key", "infeasible", "seconds", "failure")
NO_STUDY = "the database has tables, but no study: start a search with elimnet run, or create studies with elimnet init"


@dataclass(frozen=True)
class Work:
    """What a worker does: its trial, such as "elimination #3", and the finished epochs of it.

    epochs         of the whole training; None if that is not stored
    quiet_seconds  since its last heartbeat; inf if its process is known to have ended
    epoch_seconds  since the last epoch; None if that is not known
    is_alive       whether its lease still holds; if it does not, another worker resumes the trial
    """

    worker: str
    trial: str
    epoch: int
    epochs: int | None
    quiet_seconds: float
    is_alive: bool
    epoch_seconds: float | None = None

    @property
    def study(self) -> str:
        """Of the trial."""
        return self.trial.rpartition(" #")[0]


@dataclass(frozen=True)
class Trained:
    """What the trainings of a study have come to.

    epochs    finished ones; those of a training with several exits count once
    images    labelled images that an epoch is trained on; None if the study does not say
    failures  failed trials by the kind of their failure, in the order in which the kinds came up
    """

    epochs: int
    images: int | None
    failures: Mapping[str, int]


@dataclass(frozen=True)
class SearchStatus:
    """How a search stands.

    now      by the database's clock
    ends_at  when its command ends, if that has a deadline which is not over
    trained  by the name of the study
    """

    name: str
    now: datetime
    standing: Standing
    workers: Sequence[Work]
    ends_at: datetime | None = None
    trained: Mapping[str, Trained] = field(default_factory=dict)

    @property
    def alive(self) -> int:
        """Workers with a trial and a recent heartbeat."""
        return sum(worker.is_alive for worker in self.workers)

    @property
    def unattended(self) -> int:
        """Trials that were begun, and that no living worker has."""
        return max(0, sum(study.running for study in self.standing.studies) - self.alive)

    @property
    def expected_end(self) -> datetime | None:
        """When the budgets will be used. None if that is not known, or if nobody works."""
        if self.ends_at is not None:
            return self.ends_at
        left = self.standing.left_seconds
        return self.now + timedelta(seconds=left) if left is not None and left > 0 and self.alive else None


def read_status(database: Database, name: str | None = None) -> list[SearchStatus]:
    """The status of the search of this name, or of all searches in the order of their names.

    Raises BadInput if there is none, and DatabaseLost.
    """
    overview = read_overview(database, OF_STUDIES, OF_TRIALS)
    names = sorted({search_name(study.name) for study in overview.studies})
    if not names:
        raise BadInput(f"no search in {database.url}", [NO_STUDY])
    if name is not None and name not in names:
        raise BadInput(f"no search called {name!r}", [f"{database.url} holds {', '.join(names)}; choose one of them"])
    return [_of_search(overview, each) for each in names if name in (None, each)]


def _of_search(overview: Overview, name: str) -> SearchStatus:
    mine = {study.study_id: study for study in overview.studies if search_name(study.name) == name}
    ends = [study.budget.ends_at for study in mine.values() if study.budget and study.budget.ends_at]
    last = datetime.fromtimestamp(max(ends), overview.now.tzinfo) if ends else overview.now
    return SearchStatus(
        name=name,
        now=overview.now,
        standing=standing_of([_trials_of(study) for study in mine.values()]),
        workers=[_work(holder, mine[holder.study_id]) for holder in overview.holders if holder.study_id in mine],
        ends_at=last if last > overview.now else None,
        trained={short_name(study.name): _trained(study) for study in mine.values()},
    )


def _trials_of(study: StudyOverview) -> StudyTrials:
    trials, minutes = _budget(study)
    searched = study.attributes.get("space") in ("elimination", "scratch")
    return StudyTrials(short_name(study.name), trials, minutes, not searched, study.counts, study.trials)


def _budget(study: StudyOverview) -> tuple[int | None, float | None]:
    """The budget that a command recorded or, in a database of an earlier version, that of the study's settings."""
    if study.budget is not None:
        return study.budget.trials, study.budget.minutes
    settings = study.attributes.get("settings")
    if study.attributes.get("space") == "listed" or not isinstance(settings, Mapping):
        return study.counts.counted + study.counts.waiting, None
    return chosen_budget(_given(settings.get("studies", {}).get(short_name(study.name), {})), _given(settings))


def _given(settings: Mapping[str, Any]) -> tuple[int | None, float | None]:
    return settings.get("trials"), settings.get("minutes")


def _trained(study: StudyOverview) -> Trained:
    return Trained(study.epochs, _images(study), _failures(study.trials))


def _images(study: StudyOverview) -> int | None:
    data, space = study.attributes.get("data"), study.attributes.get(WHOLE)
    counts = data.get("counts") if isinstance(data, Mapping) else None
    trained_on = space.get("trained_on", "train") if isinstance(space, Mapping) else "train"
    parts = [counts.get(split) for split in trained_on.split("+")] if isinstance(counts, Mapping) else [None]
    known = [sum(part.values()) for part in parts if isinstance(part, Mapping)]
    return sum(known) if len(known) == len(parts) else None


def _failures(trials: Sequence[FrozenTrial]) -> dict[str, int]:
    failed = [trial for trial in trials if trial.state == TrialState.FAIL]
    failed.sort(key=lambda trial: (trial.datetime_complete is None, trial.datetime_complete, trial.number))
    return dict(Counter(without_numbers(first_line(trial.user_attrs.get("failure"))) for trial in failed))


def _work(holder: Holder, study: StudyOverview) -> Work:
    candidate = holder.attributes.get("candidate")
    recipe = candidate.get("recipe", {}) if isinstance(candidate, Mapping) else {}
    return Work(
        worker=holder.worker,
        trial=f"{short_name(study.name)} #{holder.number}",
        epoch=holder.epoch,
        epochs=recipe.get("epochs"),
        quiet_seconds=holder.quiet_seconds,
        is_alive=holder.is_alive,
        epoch_seconds=holder.epoch_seconds,
    )


def status_as_json(status: SearchStatus) -> dict[str, Any]:
    """The status as values for JSON: times in ISO 8601, UTC; null for what is not known."""
    best, standing = status.standing.best, status.standing
    end = status.expected_end
    return {
        "search": status.name,
        "at": status.now.isoformat(timespec="seconds"),
        "studies": [
            {
                "study": study.name,
                "budget": {"trials": study.trials, "minutes": study.minutes},
                "used": study.used,
                "begun": study.begun,
                "ended": study.ended,
                "trials": {
                    "complete": study.complete,
                    "pruned": study.stopped,
                    "infeasible": study.infeasible,
                    "failed": study.failed,
                    "running": study.running,
                    "waiting": study.waiting,
                },
                "training_seconds": study.seconds,
            }
            for study in standing.studies
        ],
        "workers": [
            {
                "worker": work.worker,
                "trial": work.trial,
                "epoch": work.epoch,
                "epochs": work.epochs,
                "seconds_since_last_sign": work.quiet_seconds if math.isfinite(work.quiet_seconds) else None,
                "seconds_since_last_epoch": work.epoch_seconds,
                "alive": work.is_alive,
            }
            for work in status.workers
        ],
        "front": {
            "size": len(standing.front),
            "best": best and {"trials": best.trials, "f1_macro": best.f1_macro, "parameters": best.parameters},
        },
        "trials_without_worker": status.unattended,
        "expected_end": end and end.isoformat(timespec="seconds"),
    }
