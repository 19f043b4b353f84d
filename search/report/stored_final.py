"""Reading a final evaluation from the database."""

from __future__ import annotations

from dataclasses import replace

from search.errors import BadInput
from search.models.final_scores import READ_AT
from search.report.comparison import compare
from search.report.final import Final, final_of
from search.report.rows import same_candidate
from search.report.stored import read_search, read_study_attributes
from search.settings.stored import stored_list
from storage import curves, latency
from storage.database import Database
from storage.names import search_name, short_name
from storage.trials import read_studies, read_trials


def read_final(database: Database, name: str, study: str) -> Final:
    """The final evaluation `study` of the search called `name`. Raises BadInput if it has no result."""
    search = read_search(database, name)
    full_name = f"{search.name}/{study}"
    attributes = read_study_attributes(database, full_name)
    if attributes.get("scored_on") != "test" or "resolved_space" not in attributes:
        problem = f"{database.url} holds no final evaluation {full_name}; make one with python -m search.finalize"
        raise BadInput("nothing to report", [problem])
    trials = read_trials(database, [full_name])
    ids = [trial.trial_id for trial in trials]
    space = stored_list(attributes["resolved_space"])
    final = final_of(
        full_name, attributes, space, trials, search, curves.read(database, ids), latency.read(database, ids)
    )
    last = max(trial.attributes[READ_AT] for trial in trials if READ_AT in trial.attributes)
    front = compare(search).joint_front
    return replace(
        final,
        read_before=readings(database, search.name, without=study, until=last),
        left_out=tuple(
            entry.name
            for entry in front
            if not any(same_candidate(entry.row, listed.candidate) for listed in space.rows)
        ),
    )


def readings(database: Database, search: str, *, without: str, until: str | None = None) -> tuple[str, ...]:
    """Other studies of the search for which the test split was read, in words.

    Whoever knows their scores could select networks on them, so reports name these studies.

    without  the study that is left out
    until    UTC, ISO 8601: studies whose first reading is later are left out
    """
    said = []
    for study in read_studies(database):
        if search_name(study.name) != search or short_name(study.name) == without:
            continue
        if study.attributes.get("scored_on") == "test":
            trials = read_trials(database, [study.name])
            read_at = [trial.attributes[READ_AT] for trial in trials if READ_AT in trial.attributes]
            if read_at and (until is None or min(read_at) <= until):
                said.append(f"{short_name(study.name)} ({len(read_at)} trained networks, from {min(read_at)} on)")
    return tuple(said)
