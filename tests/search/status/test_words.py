from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from search.progress.facts import Member, Standing, StudyStanding
from search.status.facts import SearchStatus, Work
from search.status.words import MOST_WORKERS, status_in_words

NOW = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)
FRONT = (Member(("scratch #3",), 0.91, 29_510),)


def shown(*studies: StudyStanding, workers: tuple[Work, ...] = (), ends_at: datetime | None = None) -> list[str]:
    status = SearchStatus("demo", NOW, Standing(studies, FRONT), workers, ends_at)
    return status_in_words("sqlite:///search.db", [status]).splitlines()


def test_studies_with_budgets_and_states() -> None:
    lines = shown(
        StudyStanding("elimination", trials=40, begun=4, ended=3, complete=1200, stopped=1, failed=2, seconds=3700,
                      used=0.1),
        StudyStanding("scratch", minutes=30, infeasible=5, waiting=6, running=7, used=0.5),
        StudyStanding("free", begun=12),
    )  # fmt: skip
    assert lines[0] == f"sqlite:///search.db at {NOW.astimezone():%Y-%m-%d %H:%M:%S}"
    assert lines[2:] == [
        "search demo: no worker has a trial",
        "study        budget     used       complete  pruned  infeasible  failed  running  waiting  training",
        "elimination  40 trials  10%        1,200     1       0           2       0        0        1:01:40",
        "scratch      30 min     50%        0         0       5           0       7        6        0:00:00",
        "free         none       12 trials  0         0       0           0       0        0        0:00:00",
        "Pareto front: 1 network, best scratch #3 (macro F1 0.910, 29,510 parameters)",
        "7 trials wait for workers that resume them",
    ]


def test_workers() -> None:
    workers = (
        Work("host-1", "scratch #3", 3, 24, 2.4, is_alive=True, epoch_seconds=130.0),
        Work("host-2", "scratch #4", 0, None, 95.0, is_alive=False),
        Work("host-3", "scratch #5", 1, 24, math.inf, is_alive=False),
    )
    lines = shown(StudyStanding("scratch", trials=9, running=2), workers=workers)
    assert lines[-5:] == [
        "worker  trial       epoch    last epoch  last sign",
        "host-1  scratch #3  3 of 24  2 min ago   2 s ago",
        "host-2  scratch #4  0                    2 min ago, silent",
        "host-3  scratch #5  1 of 24              its process has ended",
        "1 trial waits for a worker that resumes it",
    ]


def test_a_list_of_many_workers_is_cut() -> None:
    workers = tuple(Work(f"w{i}", "scratch #3", 0, 2, 1.0, is_alive=True) for i in range(MOST_WORKERS + 3))
    lines = shown(StudyStanding("scratch", running=len(workers)), workers=workers)
    assert lines[-1] == "and 3 more workers"
    assert sum(line.startswith("w") for line in lines) == MOST_WORKERS + 1


def test_the_expected_end() -> None:
    end = NOW + timedelta(minutes=12)
    (line,) = (line for line in shown(StudyStanding("scratch"), ends_at=end) if line.startswith("search demo"))
    assert line == f"search demo: expected end {end.astimezone():%Y-%m-%d %H:%M}, in about 12 min"
    used = StudyStanding("scratch", trials=2, begun=2, ended=2, used=1.0, seconds=4.0)
    assert "search demo: the budget is used" in shown(used)
    at_work = (Work("host", "scratch #0", 0, 2, 1.0, is_alive=True),)
    unknown = shown(StudyStanding("scratch", trials=2, begun=1, running=1, used=0.5), workers=at_work)
    assert "search demo: the expected end is not known until a trial has ended" in unknown


def test_foreign_names_are_shown_without_control_characters() -> None:
    lines = shown(StudyStanding("a\x1b[2Jb\n"), workers=(Work("w\r", "t\x07", 0, 2, 1.0, is_alive=True),))
    assert "\x1b" not in "".join(lines)
    assert any(line.startswith("a [2Jb ") for line in lines)
