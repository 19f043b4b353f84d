"""The feed itself: reads a search as reports do, and puts notes and figures on the dashboard's pages."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from search.dashboard.notes import (
    OFF_FRONT,
    ON_FRONT,
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
    """Keeps the dashboard's pages of a search current, whichever of its workers gets the turn."""

    def __init__(self, database: Database, search: str, studies: Sequence[OpenStudy]) -> None:
        self._database = database
        self._search = search
        self._studies = studies
        self._next_look = 0.0
        self._took_seconds = 0.0

    def update(self, *, at_once: bool = False) -> bool:
        """Write the pages as things are now, if no worker has done so for a minute, or `at_once`.

        Returns whether it did. What goes wrong is logged and never raised: a page that is not current costs no trial.
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
        """Asks the database only when there can be a turn, since a worker may ask after every short trial.

        With many thousand trials a page takes seconds to make: then it is made less often.
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
        """By name."""
        if not comparison.entries:
            return {}
        members = [trial_id for entry in comparison.joint_front for trial_id in entry.row.trial_ids]
        curves = read_curves(self._database, members)
        front = front_figure(thinned(comparison))
        figures = {"joint-front": _titled(front, f"Joint front of all studies<br><sub>{wording.BARS}</sub>")}
        if curves:
            figure = curves_figure(comparison, curves)
            figures["learning-curves"] = _titled(figure, "Learning curves of the joint front")
        return {name: finite(figure) for name, figure in figures.items()}


def thinned(comparison: Comparison) -> Comparison:
    """The comparison with at most `BEATEN_AT_MOST` of the candidates that are on no front, evenly by parameters.

    Every visitor of a page is sent its figures again and again; 10,000 hover texts would be 3 MB of them.
    """
    kept = {id(entry) for entry in (*comparison.uncut, *comparison.references, comparison.entries[-1])}
    beaten = [entry for entry in comparison.entries if not entry.on_study_front and not entry.reference]
    kept |= {id(entry) for entry in beaten[:: max(1, -(-len(beaten) // BEATEN_AT_MOST))]}
    entries = tuple(entry for entry in comparison.entries if entry.on_study_front or id(entry) in kept)
    return replace(comparison, entries=entries)


def _titled(figure: Figure, title: str) -> Figure:
    """The figure with a title, which the dashboard gives it not, and its legend at the bottom, whatever its size."""
    layout = figure["layout"] | {
        "title": {"text": title, "x": 0.02, "font": {"size": 18}},
        "legend": {"orientation": "h", "yref": "container", "y": 0.01, "yanchor": "bottom"},
        "margin": figure["layout"]["margin"] | {"t": 56},
    }
    return figure | {"layout": layout}


def _set_trial_notes(page: Page, study: str, comparison: Comparison, links: Links) -> None:
    """On front members, and on those that have a note from when they were."""
    noted = {trial_id for trial_id in page.trials_with_notes() if page.note(trial_id).startswith((ON_FRONT, OFF_FRONT))}
    for entry in comparison.entries:
        if entry.row.study != study:
            continue
        for trial_id in entry.row.trial_ids:
            if entry.on_joint_front or trial_id in noted:
                write = front_trial_note if entry.on_joint_front else former_trial_note
                model = model_in_words(page.attached(trial_id), page.note(trial_id))
                sign_note(page, write(entry, comparison, links, model), trial_id)
