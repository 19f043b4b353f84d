"""A study that is open, and the candidates on its Pareto front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.data.arrays import PartName
from search.settings.spaces import AnySpace, ListedSpace
from search.statistics.pareto import front

OBJECTIVES = ("f1_macro", "parameters")
DIRECTIONS = [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
KEYS = ("candidate_key", "drawn_key")
"""The attributes with the keys of a trial's candidate: of the one that is trained, and of the one that was drawn. They
differ where the epochs of a training were fitted to the time."""
WHOLE = "resolved_space"
"""The attribute that a study gets last: its space. A study without it is incomplete and is created again."""


@dataclass(frozen=True)
class OpenStudy:
    """A study, the space that it samples, and its budget over all workers."""

    name: str
    space: AnySpace
    study: optuna.Study
    trials: int | None
    minutes: float | None

    @property
    def reads_test(self) -> bool:
        """Whether its networks are trained on train and validation and scored on test, as `search.finalize` does."""
        return isinstance(self.space, ListedSpace) and self.space.reads_test

    @property
    def trained_on(self) -> PartName:
        """The images that its networks are trained on."""
        return self.space.trained_on if isinstance(self.space, ListedSpace) else "train"


def study_front(study: optuna.Study) -> list[list[FrozenTrial]]:
    """The complete trials of each candidate on the study's Pareto front; seeds are averaged, as in reports."""
    return front_of(study.get_trials(deepcopy=False))


def front_of(trials: Iterable[FrozenTrial]) -> list[list[FrozenTrial]]:
    """The same for all trials of a study, of which the complete ones count."""
    candidates = _candidates(trials)
    means = [(fmean(trial.values[0] for trial in seeds), parameters) for (_, parameters), seeds in candidates.items()]
    return [seeds for seeds, kept in zip(candidates.values(), front(means), strict=True) if kept]


def join_front(study: optuna.Study, ending: Sequence[tuple[str, tuple[float, float]]]) -> list[bool]:
    """For trials that are about to finish together, each a candidate's key and values: who will be on the front."""
    candidates = _candidates(study.get_trials(deepcopy=False))
    scores = {key: [trial.values[0] for trial in seeds] for key, seeds in candidates.items()}
    mine: list[tuple[object, float]] = [(candidate_key, values[1]) for candidate_key, values in ending]
    for key, (_, values) in zip(mine, ending, strict=True):
        scores.setdefault(key, []).append(values[0])
    kept = front([(fmean(f1_scores), parameters) for (_, parameters), f1_scores in scores.items()])
    on_front = dict(zip(scores, kept, strict=True))
    return [bool(on_front[key]) for key in mine]


def _candidates(trials: Iterable[FrozenTrial]) -> dict[tuple[object, float], list[FrozenTrial]]:
    """The complete trials of each candidate, by its key and its parameters."""
    candidates: dict[tuple[object, float], list[FrozenTrial]] = {}
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            key = (trial.user_attrs.get("candidate_key", trial.number), trial.values[1])
            candidates.setdefault(key, []).append(trial)
    return candidates
