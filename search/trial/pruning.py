"""A trial at its rungs: what others ended with comes from the storage, the rule from `search.study.pruner`."""

from __future__ import annotations

from collections.abc import Sequence

from search.settings.pruning import Stopping
from search.settings.spaces import ListedSpace
from search.study.pruner import Behind, Finished, epoch_at, judge, rungs
from search.study.study import OpenStudy
from search.training.evaluation import EpochMetrics
from search.trial.objective import Assignment
from storage import curves
from storage.database import Database


class Stopped(Exception):
    """The trial cannot reach the front any more. Not a failure: its study learns from it, and its budget counts it."""

    def __init__(self, epoch: int, epochs: int, behind: Behind) -> None:
        self.epoch = epoch
        self.behind = behind
        super().__init__(f"stopped at epoch {epoch} of {epochs}: {behind}")


class Rungs:
    """The rungs of one trial.

    own      its study
    studies  all of the search; they are rivals where `settings.across_studies` says so
    """

    def __init__(
        self,
        database: Database,
        own: OpenStudy,
        studies: Sequence[OpenStudy],
        assignment: Assignment,
        settings: Stopping,
    ) -> None:
        asked = settings.enabled and not assignment.runs_to_end
        self._shares = rungs(assignment.candidate.recipe.epochs, settings) if asked else {}
        self._database = database
        self._own = own
        self._studies = studies if settings.across_studies else [own]
        self._assignment = assignment
        self._settings = settings

    def ask(self, metrics: EpochMetrics) -> None:
        """After every epoch, before its checkpoint is written; raises Stopped if the epoch is a rung and the last.

        So a trial that died at a rung runs its epoch again and is asked again: none is passed over.
        """
        share = self._shares.get(metrics.epoch)
        if share is None:
            return
        parameters = self._assignment.counts["parameters"]
        behind = judge(metrics.f1_macro, parameters, self._finished(share), self._settings)
        if behind:
            raise Stopped(metrics.epoch, self._assignment.candidate.recipe.epochs, behind)

    def _finished(self, share: float) -> list[Finished]:
        studies = {study.study._study_id: study for study in self._studies}
        spaces = {study_id: study.space for study_id, study in studies.items()}
        epochs = {
            study_id: epoch_at(share, space.recipe.epochs)
            for study_id, space in spaces.items()
            if not isinstance(space, ListedSpace)  # on no front, and nobody's rivals
        }
        return [
            Finished(
                str(trial.number)
                if (study := studies[trial.study_id]) is self._own
                else f"{study.name} {trial.number}",
                parameters=int(trial.values[1]),
                f1_at_rung=trial.on_the_way,
                f1_macro=trial.values[0],
            )
            for trial in curves.of_finished(self._database, epochs, "f1_macro")
        ]
