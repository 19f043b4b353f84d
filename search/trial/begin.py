"""How a trial begins: what it is to try is drawn and stored, once, for whoever holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from search.spaces.sample import OverTheLimit
from search.study.proposals import Proposer
from search.study.study import OpenStudy
from search.trial.assignment import Assignment, assign
from search.trial.context import Workshop
from search.trial.teacher import choose_teacher, distils
from storage.attributes import attributes_of
from storage.claims import open_trial
from storage.leases import Lease
from storage.results import set_attributes
from storage.suggestions import Suggestions


@dataclass(frozen=True)
class Refused:
    """A candidate over the limit, and what was suggested for it."""

    error: OverTheLimit
    suggestions: Suggestions


def begin(
    shop: Workshop, studies: Sequence[OpenStudy], study: OpenStudy, lease: Lease, beside: int | None = None
) -> Assignment | Refused:
    """What the trial was to do when it was begun, or, for a new one, what it is to do from now on.

    beside  for a new one: see `search.trial.assignment.Assignment`
    """
    trial = open_trial(study.study, lease)
    begun = attributes_of(trial)
    if "candidate" in begun:
        return Assignment.from_attributes(begun)
    teacher = choose_teacher(studies) if distils([study]) else None
    proposer = Proposer(study, len(shop.dataset.classes), teacher, shop.settings.proposals)
    while True:  # until no other worker has begun the same meanwhile
        trial, suggestions = proposer.draw(trial)
        try:
            assignment = assign(study, trial, len(shop.dataset.classes), shop.settings.seed, teacher)
            assignment = replace(assignment, beside=beside)
        except OverTheLimit as error:
            trial.set_constraint("parameters", float(error.excess))
            return Refused(error, suggestions)
        unique = () if assignment.row else ("candidate_key", "seed")
        if set_attributes(shop.database, lease, assignment.attributes(), suggestions, unique):
            return assignment
        trial = open_trial(study.study, lease)
