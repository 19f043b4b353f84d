"""Keeping the dashboard current: reads a search as reports do, and writes notes and figures."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from search.dashboard.notes import (
    FRONT_HEADINGS,
    Links,
    former_trial_note,
    front_trial_note,
    listed_note,
    model_in_words,
    study_note,
)
from search.dashboard.signature import sign_note
from search.report import wording
from search.report.comparison import Comparison, compare
from search.report.figures import Figure, curves_figure, front_figure
from search.report.grouping import search_of
from search.report.records import finite
from search.report.stored import read_curves
from search.settings.spaces import ListedSpace
from search.study.study import OpenStudy
from storage.database import Database
from storage.errors import StorageError
from storage.names import search_name, short_name
from storage.pages import Page
from storage.rate_limit import take_turn
from storage.trials import read_studies, read_trials

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
LONGEST_SHARE = 0.05
BEATEN_AT_MOST = 300


class Feed:
    """Keeps the dashboard's pages of a search current. The workers of the search take turns."""

    def __init__(self, database: Database, search: str, studies: Sequence[OpenStudy]) -> None:
        self._database = database
        self._search = search
        self._studies = studies
        self._next_look = 0.0
        self._took_seconds = 0.0

    def update(self, *, at_once: bool = False) -> bool:
        """Write the pages if no worker has done so for a minute, or if `at_once`. Returns whether it did.

        Errors are logged and never raised: a page that is not current costs no trial.
        """
        try:
            if not at_once and not self._my_turn():
                return False
            started = time.monotonic()
            self._write()
            self._took_seconds = time.monotonic() - started
            return True
        except StorageError as error:
            log.warning("the dashboard's pages are not current: %s", error)
        except Exception:
            log.exception("the dashboard's pages are not current")
        return False

    def _my_turn(self) -> bool:
        """Polls the database only when this worker can get a turn, since a trial may take less than a second.

        With many thousand trials a page takes seconds to make, and is made less often.
        """
        if time.monotonic() < self._next_look:
            return False
        every = max(EVERY_SECONDS, self._took_seconds / LONGEST_SHARE)
        wait = take_turn(self._database, self._studies[0].study._study_id, "feed", every)
        self._next_look = time.monotonic() + (wait or every)
        return wait == 0

    def _write(self) -> None:
        records = [record for record in read_studies(self._database) if search_name(record.name) == self._search]
        trials = read_trials(self._database, [record.name for record in records])
        comparison = compare(search_of(self._search, records, trials))
        links = {short_name(record.name): record.study_id for record in records}
        figures = self._figures(comparison)
        for study in self._studies:
            page = Page(self._database, study.study)
            if isinstance(study.space, ListedSpace):
                sign_note(page, listed_note(study, study.space))
                page.write()
                continue
            sign_note(page, study_note(study, comparison, links))
            _set_trial_notes(page, study.name, comparison, links)
            for name, figure in figures.items():
                page.set_figure(name, figure)
            page.write()

    def _figures(self, comparison: Comparison) -> dict[str, Figure]:
        """The figures by name."""
        if not comparison.entries:
            return {}
        members = [trial_id for entry in comparison.joint_front for trial_id in entry.row.trial_ids]
        curves = read_curves(self._database, members)
        front = front_figure(thinned(comparison))
        figures = {"joint-front": _titled(front, f"Pareto front of all studies<br><sub>{wording.BARS}</sub>")}
        if curves:
            figure = curves_figure(comparison, curves)
            figures["learning-curves"] = _titled(figure, "Learning curves on the Pareto front")
        return {name: finite(figure) for name, figure in figures.items()}


def thinned(comparison: Comparison) -> Comparison:
    """The comparison with at most `BEATEN_AT_MOST` candidates that are on no Pareto front, evenly spread by parameters.

    The dashboard sends a page's figures again and again to every visitor; 10,000 hover texts would be 3 MB.
    """
    kept = {id(entry) for entry in (*comparison.uncut, *comparison.references, comparison.entries[-1])}
    beaten = [entry for entry in comparison.entries if not entry.on_study_front and not entry.reference]
    kept |= {id(entry) for entry in beaten[:: max(1, -(-len(beaten) // BEATEN_AT_MOST))]}
    entries = tuple(entry for entry in comparison.entries if entry.on_study_front or id(entry) in kept)
    return replace(comparison, entries=entries)


def _titled(figure: Figure, title: str) -> Figure:
    """The figure with a title, which the dashboard lacks, and with its legend at the bottom at any size."""
    layout = figure["layout"] | {
        "title": {"text": title, "x": 0.02, "font": {"size": 18}},
        "legend": {"orientation": "h", "yref": "container", "y": 0.01, "yanchor": "bottom"},
        "margin": figure["layout"]["margin"] | {"t": 56},
    }
    return figure | {"layout": layout}


def _set_trial_notes(page: Page, study: str, comparison: Comparison, links: Links) -> None:
    """Set the notes of front members, and of trials with a note from when they were front members."""
    noted = {trial_id for trial_id in page.trials_with_notes() if page.note(trial_id).startswith(FRONT_HEADINGS)}
    for entry in comparison.entries:
        if entry.row.study != study:
            continue
        for trial_id in entry.row.trial_ids:
            if entry.on_joint_front or trial_id in noted:
                write = front_trial_note if entry.on_joint_front else former_trial_note
                model = model_in_words(page.attached(trial_id), page.note(trial_id))
                sign_note(page, write(entry, comparison, links, model), trial_id)
