"""What a person sees while studies run: a live table on a terminal, one plain line a trial elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from optuna.trial import TrialState
from rich.console import Console
from rich.live import Live
from rich.table import Table

from search.budget import used_share
from search.studies import OpenStudy
from storage.database import Database
from storage.trials import read_trials


@dataclass
class StudyProgress:
    """What is shown of one study, as far as this worker knows; all others are in `used_share` alone.

    trials, minutes  its budget
    used_share       of the budget, by all workers
    seconds          of training that it has cost
    """

    name: str
    trials: int | None
    minutes: float | None
    done: int = 0
    failed: int = 0
    stopped: int = 0
    seconds: float = 0.0
    used_share: float = 0.0
    running: str = ""
    best: tuple[float, int] | None = None

    def complete(self, f1_macro: float | None, parameters: int, seconds: float) -> None:
        """Count a trial with a result. Without `f1_macro`, which is a test score then, there is no best one."""
        self.done += 1
        self.seconds += seconds
        if f1_macro is None:
            return
        if self.best is None or (f1_macro, -parameters) > (self.best[0], -self.best[1]):
            self.best = (f1_macro, parameters)

    def stop(self, seconds: float) -> None:
        """Count a trial that was stopped before its end."""
        self.stopped += 1
        self.seconds += seconds

    @property
    def ended(self) -> int:
        """Trials that used up a part of the budget."""
        return self.done + self.stopped + self.failed

    @property
    def left_seconds(self) -> float | None:
        """Training time that the budget leaves, by the mean time of a trial so far; None before the first has ended."""
        unused = max(0.0, 1 - self.used_share)
        if self.minutes is not None:
            return unused * self.minutes * 60
        if self.trials is None or not self.ended:
            return None
        return unused * self.trials * self.seconds / self.ended

    @property
    def budget(self) -> str:
        """How much of the budget is used, as text."""
        if self.minutes is not None:
            return f"{self.ended} ({self.seconds / 60:.1f}/{self.minutes:g} min)"
        return f"{self.ended}/{self.trials}"


class Progress:
    """A context manager that shows the studies' progress on `console`."""

    def __init__(self, studies: Mapping[str, StudyProgress], console: Console | None = None) -> None:
        self.studies = studies
        self.console = console or Console(file=sys.stdout)
        self._live = (
            Live(self._table(), console=self.console, refresh_per_second=4) if self.console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.update(self._table())
            self._live.__exit__(kind, error, traceback)

    def started(self, study: str, number: int, summary: str) -> None:
        self.studies[study].running = f"#{number} {summary}"
        self._refresh()

    def epoch(self, study: str, epoch: int, epochs: int, f1_macro: float) -> None:
        running = self.studies[study].running.partition(" | ")[0]
        score = f", F1 {f1_macro:.3f}" if math.isfinite(f1_macro) else ""
        self.studies[study].running = f"{running} | epoch {epoch}/{epochs}{score}"
        self._refresh()

    def ended(self, study: str, line: str) -> None:
        """A trial has ended; `line` says how. On a terminal the table's numbers say it, elsewhere the line does."""
        self.studies[study].running = ""
        if self._live is None:
            self.console.print(f"{time.strftime('%H:%M:%S')} {line}{self._left()}", soft_wrap=True, highlight=False)
        self._refresh()

    def _left(self) -> str:
        left = [state.left_seconds for state in self.studies.values()]
        known = [seconds for seconds in left if seconds is not None]
        return f" [{_duration(sum(known))} of training left]" if len(known) == len(left) else ""

    def _refresh(self) -> None:
        if self._live:
            self._live.update(self._table())

    def _table(self) -> Table:
        table = Table(expand=False)
        for heading in ("study", "trials", "stopped", "failed", "best macro F1", "time left", "running"):
            table.add_column(heading, overflow="fold")
        for name, state in self.studies.items():
            best = f"{state.best[0]:.4f} at {state.best[1]:,}" if state.best else "-"
            left = "-" if state.left_seconds is None else _duration(state.left_seconds)
            counts = (str(state.stopped), str(state.failed))
            table.add_row(name, state.budget, *counts, best, left, state.running)
        return table


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def progress_of(database: Database, studies: Sequence[OpenStudy]) -> dict[str, StudyProgress]:
    """What a progress display starts from: what is in the storage already."""
    states = {}
    for study in studies:
        state = StudyProgress(study.name, study.trials, study.minutes, used_share=used_share(database, study))
        for trial in read_trials(database, [study.study.study_name]):
            if trial.state == TrialState.COMPLETE and trial.values:
                f1_macro = None if study.reads_test else trial.values[0]
                state.complete(f1_macro, int(trial.values[1]), trial.attributes.get("seconds", 0.0))
            if "stopped_at_epoch" in trial.attributes:
                state.stop(trial.attributes.get("seconds", 0.0))
            state.failed += trial.state == TrialState.FAIL
        states[study.name] = state
    return states
