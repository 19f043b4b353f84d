"""Hyperparameter importance: fANOVA (Hutter, Hoos and Leyton-Brown, ICML 2014) on a study's complete trials.

No hyperparameter of a conditional search space belongs to all trials. So the analysis takes the hyperparameters that
most trials share, and the trials that have all of them. Pruned trials have no final F1 and are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState

FEWEST_TRIALS = 8  # configurations ask for 12, of which some are pruned or lack a hyperparameter
MOST_TRIALS = 120
SHARED_BY = 0.8
_TREES = 16

Params = Mapping[str, tuple[object, BaseDistribution]]


@dataclass(frozen=True)
class Importance:
    """Shares of the variance of F1, by hyperparameter, largest first, which sum to 1; or why there are none."""

    study: str
    trials: int
    shares: Mapping[str, float] = field(default_factory=dict)
    why_not: str = ""


def chosen(trial_ids: Sequence[int]) -> list[int]:
    """At most `MOST_TRIALS` of the trials, evenly spread over the search."""
    step = max(1, -(-len(trial_ids) // MOST_TRIALS))
    return sorted(trial_ids)[::step]


def importance(study: str, f1_of: Mapping[int, float], params_of: Mapping[int, Params]) -> Importance:
    """Importance from each trial's F1 and hyperparameters, by trial id."""
    known = [trial_id for trial_id in f1_of if params_of.get(trial_id)]
    if len(known) < FEWEST_TRIALS:
        return Importance(study, len(known), why_not=f"too few complete trials ({len(known)} of {FEWEST_TRIALS})")
    names = _shared([params_of[trial_id] for trial_id in known])
    used = [trial_id for trial_id in known if names <= params_of[trial_id].keys()]
    varied = sorted(name for name in names if len({str(params_of[trial_id][name][0]) for trial_id in used}) > 1)
    if len(used) < FEWEST_TRIALS or not varied:
        return Importance(study, len(used), why_not="no hyperparameter that most trials share varies")
    if len({f1_of[trial_id] for trial_id in used}) < 2:
        return Importance(study, len(used), why_not="all trials have the same F1")
    shares = _fanova([f1_of[trial_id] for trial_id in used], [params_of[trial_id] for trial_id in used], varied)
    return Importance(study, len(used), shares)


def _shared(params: Sequence[Params]) -> set[str]:
    """Hyperparameters that most trials have, with one distribution of more than one value."""
    counts = Counter(name for each in params for name in each)
    distributions = {name: {repr(each[name][1]) for each in params if name in each} for name in counts}
    single = {name for each in params for name, (_, distribution) in each.items() if distribution.single()}
    return {
        name
        for name, count in counts.items()
        if count >= SHARED_BY * len(params) and len(distributions[name]) == 1 and name not in single
    }


def _fanova(f1: Sequence[float], params: Sequence[Params], names: Sequence[str]) -> dict[str, float]:
    study = optuna.create_study(direction="maximize")
    for value, each in zip(f1, params, strict=True):
        study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.COMPLETE,
                value=value,
                params={name: each[name][0] for name in names},
                distributions={name: each[name][1] for name in names},
            )
        )
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=_TREES, seed=0)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator, params=list(names))
    return {name: float(share) for name, share in shares.items()}
