"""A trial at its rungs: the results of its rivals come from the storage, the rule from `search.study.pruner`."""

from __future__ import annotations

from search.settings.spaces import ListedSpace
from search.study.pruner import AtChance, Behind, Finished, epoch_after_warm_up, epoch_at, judge, judge_learning, rungs
from search.study.study import OpenStudy
from search.training.evaluation import EpochMetrics
from search.trial.leased import AssignedTrial
from storage import curves


class Stopped(Exception):
    """The trial cannot reach the front any more and is pruned. The study learns from it, and the budget counts it."""

    def __init__(self, epoch: int, epochs: int, why: Behind | AtChance) -> None:
        self.epoch = epoch
        self.why = why
        super().__init__(f"stopped at epoch {epoch} of {epochs}: {why}")


class Rungs:
    """The rungs of one trial. Its rivals are of its study or, where the settings say so, of all studies."""

    def __init__(self, trial: AssignedTrial) -> None:
        context, settings = trial.context, trial.context.settings.stopping
        asked = settings.enabled and not trial.assignment.runs_to_end
        self._shares = rungs(trial.recipe.epochs, settings) if asked else {}
        self._after_warm_up = epoch_after_warm_up(trial.recipe) if asked else 0
        self._settings = settings
        self._trial = trial
        self._studies = context.studies if settings.across_studies else [trial.study]

    def ask(self, metrics: EpochMetrics) -> None:
        """To be called after every epoch, before its checkpoint is written. Raises Stopped if the trial ends here.

        So a trial whose worker died at a rung repeats the epoch and is judged again: no rung is skipped.
        """
        if metrics.epoch == self._after_warm_up < self._trial.recipe.epochs:
            labels = self._trial.arrays("validation").labels
            if at_chance := judge_learning(metrics.f1_macro, metrics.train_f1_macro, labels):
                raise Stopped(metrics.epoch, self._trial.recipe.epochs, at_chance)
        share = self._shares.get(metrics.epoch)
        if share is None:
            return
        behind = judge(metrics.f1_macro, self._trial.parameters, self._finished(share), self._settings)
        if behind:
            raise Stopped(metrics.epoch, self._trial.recipe.epochs, behind)

    def _finished(self, share: float) -> list[Finished]:
        studies = {study.study._study_id: study for study in self._studies}
        spaces = {study_id: study.space for study_id, study in studies.items()}
        epochs = {
            study_id: epoch_at(share, space.recipe.epochs)
            for study_id, space in spaces.items()
            if not isinstance(space, ListedSpace)  # which are on no front, and rivals of no trial
        }

        def rung(whole: int) -> int | None:
            """The epoch of a rival with so many epochs. A linear probe, of one epoch, has shown no gain."""
            return epoch_at(share, whole) if whole > 1 else None

        return [
            Finished(
                self._name(studies[trial.study_id], trial.number),
                parameters=int(trial.values[1]),
                f1_at_rung=trial.on_the_way,
                f1_macro=trial.values[0],
            )
            for trial in curves.of_finished(self._trial.context.database, epochs, "f1_macro", rung)
        ]

    def _name(self, study: OpenStudy, number: int) -> str:
        return str(number) if study is self._trial.study else f"{study.name} {number}"
