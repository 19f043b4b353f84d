"""A trial in a worker's hands: leased, and then assigned, once it is known what the trial tries."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import TrialState

from search.data.arrays import Arrays, PartName
from search.models.description import Metrics
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.spaces.sample import training_of
from search.study.study import OpenStudy
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.training.plan import TrainingData
from search.trial.assignment import Assignment
from search.trial.context import Outcome, WorkerContext
from search.trial.keep_model import TrainedModel
from storage.claims import open_trial
from storage.errors import LeaseLost
from storage.leases import Lease
from storage.produced import ProducedTrial, finish_with
from storage.results import finish, set_attributes
from storage.suggestions import Suggestions

Produced = tuple[int, Sequence[ProducedTrial]]
"""The number of the first trial that a training produced, and all of them in the order of their numbers."""


@dataclass(frozen=True)
class LeasedTrial:
    """A trial whose lease this worker holds. What the trial tries is not known yet.

    lost  set once another worker has the lease
    """

    context: WorkerContext
    study: OpenStudy
    lease: Lease
    lost: threading.Event = field(default_factory=threading.Event, kw_only=True)

    @property
    def name(self) -> str:
        """For people, such as "demo/elimination #3"."""
        return f"{self.study.study.study_name} #{self.lease.number}"

    def opened(self) -> optuna.Trial:
        """The trial, to suggest values from."""
        return open_trial(self.study.study, self.lease)

    def assigned(self, assignment: Assignment) -> AssignedTrial:
        """The same trial, now that it is known what it tries."""
        return AssignedTrial(self.context, self.study, self.lease, assignment, lost=self.lost)

    def interrupted(self) -> bool:
        """Whether the worker is asked to stop. Raises LeaseLost where another worker has the trial."""
        if self.lost.is_set():
            raise LeaseLost(f"trial {self.lease.number}")
        return self.context.asked_to_stop()

    def store(
        self, attributes: Mapping[str, Any], suggestions: Suggestions | None = None, unique: Sequence[str] = ()
    ) -> bool:
        """Store attributes and suggestions: see `storage.results.set_attributes`. Raises LeaseLost."""
        return set_attributes(self.context.database, self.lease, attributes, suggestions, unique)

    def finish(
        self,
        outcome: Outcome,
        state: TrialState,
        values: Sequence[float] | None = None,
        attributes: Mapping[str, Any] | None = None,
        suggestions: Suggestions | None = None,
    ) -> Outcome:
        """Finish the trial and tell the display; a worker does both nowhere else. Returns `outcome`.

        Raises LeaseLost where another worker has the trial or has finished it.
        """
        finish(self.context.database, self.lease, state, values, attributes, not outcome.infeasible, suggestions)
        return self.tell(outcome)

    def tell(self, outcome: Outcome) -> Outcome:
        """Tell the display how the work on this trial ended. Returns `outcome`."""
        self.context.progress.ended(outcome.line, failed=outcome.cause is not None)
        return outcome


@dataclass(frozen=True)
class AssignedTrial(LeasedTrial):
    """A leased trial that is known to try `assignment`."""

    assignment: Assignment

    def interrupted(self) -> bool:
        """Whether the training ends here: the worker is asked to stop, or the time of the run is over.

        Linear probes, with which a study begins, are trained all the same. Raises LeaseLost.
        """
        deadline = self.context.deadline
        late = deadline is not None and deadline.is_over and training_of(self.candidate) != "probe"
        return super().interrupted() or late

    @property
    def candidate(self) -> Candidate:
        return self.assignment.candidate

    @property
    def recipe(self) -> Recipe:
        return self.candidate.recipe

    @property
    def parameters(self) -> int:
        return self.assignment.counts["parameters"]

    @property
    def image_size(self) -> int:
        return self.candidate.network.image_size

    def arrays(self, split: PartName) -> Arrays:
        """The labelled images of a split, at the candidate's size."""
        return self.context.dataset.arrays(split, self.image_size)

    def unknown(self, split: PartName) -> Arrays | None:
        """The unknown images of a split, at the candidate's size; None if there are none."""
        return self.context.dataset.unknown(split, self.image_size)

    def training_data(self) -> TrainingData:
        """What the candidate is trained and scored on. Networks that are scored on test are not scored before that."""
        scored = not self.study.reads_test
        return TrainingData(
            train=self.arrays(self.study.trained_on),
            validation=self.arrays("validation") if scored else None,
            unknown=self.unknown(self.study.trained_on) if self.recipe.unknown_weight else None,
            unknown_validation=self.unknown("validation") if scored else None,
        )

    def finish_with(
        self, outcome: Outcome, end: tuple[Sequence[float], Mapping[str, Any]], produced: Produced
    ) -> Outcome | None:
        """Finish the trial as complete, with those that its training produced: see `storage.produced.finish_with`.

        end  its values and attributes

        Returns None, and stores nothing, where the numbers of the produced trials are taken. Raises LeaseLost.
        """
        return self.tell(outcome) if finish_with(self.context.database, self.lease, *end, produced) else None

    def to_keep(
        self, result: TrainingResult, test_metrics: Metrics | None = None, temperature: float | None = None
    ) -> TrainedModel:
        """The trained model, as `search.trial.keep_model` saves it."""
        return TrainedModel(
            study=self.study.study,
            lease=self.lease,
            assignment=self.assignment,
            result=result,
            data=self.context.dataset.describe(),
            device=device_name(self.context.device),
            trained_on=self.study.trained_on,
            test_metrics=test_metrics,
            temperature=temperature,
        )
