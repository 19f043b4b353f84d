"""How a trial begins: what it tries is drawn and stored once, for every worker that will hold it."""

from __future__ import annotations

from dataclasses import dataclass

from search.spaces.sample import OverTheLimit
from search.study.proposals import Proposer
from search.study.study import KEYS
from search.trial.affordable import most_work
from search.trial.assignment import Assignment, assign
from search.trial.leased import AssignedTrial, LeasedTrial
from storage.attributes import attributes_of
from storage.suggestions import Suggestions

_, DRAWN_KEY = KEYS


@dataclass(frozen=True)
class Refused:
    """A candidate that exceeds a limit of its space or the time left, and the suggestions for it, if not stored."""

    error: OverTheLimit
    suggestions: Suggestions | None = None


def begin(trial: LeasedTrial) -> AssignedTrial | Refused:
    """The trial with what it tries: what is stored on it or, for a new one, what is drawn now."""
    context, study = trial.context, trial.study
    opened = trial.opened()
    stored = attributes_of(opened)
    if "candidate" in stored:
        return trial.assigned(Assignment.from_attributes(stored))
    classes = len(context.dataset.classes)
    proposer = Proposer(study, classes, context.settings.proposals, most_work(context))
    while True:  # until no other worker has begun the same candidate meanwhile
        drawn, suggestions = proposer.draw(opened)
        try:
            assignment = assign(study, drawn, classes, context.settings.seed)
        except OverTheLimit as error:
            drawn.set_constraint("parameters", float(error.excess))
            return Refused(error, suggestions)
        unique = () if assignment.row else (DRAWN_KEY, "seed")
        if trial.store({**assignment.attributes(), DRAWN_KEY: assignment.candidate.key}, suggestions, unique):
            return trial.assigned(assignment)
        opened = trial.opened()
