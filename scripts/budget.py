"""Whether each study of a search has used up its budget of trials, counted as the search itself counts.

Usage: budget.py SEARCH TRIALS        the database is that of DATABASE_URL and DATABASE_PASSWORD_FILE
"""

from __future__ import annotations

import sys
from contextlib import closing

from search.settings import search as settings
from storage.claims import count_trials
from storage.database import connect
from storage.trials import read_studies


def main() -> None:
    """Print each study's progress. The exit status is 1 where a trial is missing, left over or still running."""
    search, trials = sys.argv[1], int(sys.argv[2])
    with closing(connect(settings.load().database, create=False)) as database:
        studies = [study for study in read_studies(database) if study.name.startswith(f"{search}/")]
        standings = {study.name: count_trials(database, study.study_id) for study in studies}
    for name, standing in standings.items():
        print(f"        {name}: {standing.finished} of {trials} trials ended, {standing.running} running")
    used_up = [standing.finished == standing.counted == trials for standing in standings.values()]
    sys.exit(not (used_up and all(used_up)))


if __name__ == "__main__":
    main()
