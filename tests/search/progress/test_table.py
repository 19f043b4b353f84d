from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from search.progress.facts import Activity, Facts, Member, Standing, StudyStanding
from search.progress.table import ECHO_COLUMNS, LiveTable, render

NETWORK = "tf_efficientnet_lite0 to blocks.4.0 + conv1x1 256, 128 px"


def facts(workers: int) -> Facts:
    """Of a run with long names and so many workers."""
    training = Activity(trial="elimination #1234", network=NETWORK, epochs=100, epoch=99, f1_macro=0.9876)
    studies = [StudyStanding("elimination", trials=2000, ended=1234, stopped=500, failed=20, running=8, seconds=9e5)]
    front = tuple(Member((f"elimination #{number}",), number / 2000, 10**6 + number) for number in range(1000))
    return Facts(123_456, dict.fromkeys(range(1, workers + 1), training), Standing(studies, front))


def lines(workers: int, width: int, height: int = 24) -> Sequence[str]:
    file = io.StringIO()
    Console(file=file, width=width, height=height, force_terminal=False).print(render(facts(workers), width, height))
    return [line.rstrip() for line in file.getvalue().rstrip("\n").split("\n")]


def test_eight_workers_fit_a_terminal_of_80_columns() -> None:
    shown = lines(8, 79)
    assert shown[0].startswith("34:17:36 elapsed, 1234 of 2000 trials (500 pruned, 20 failed), about ")
    assert " ".join(shown[2:4]) == (
        "Pareto front: 1000 networks, best elimination #999 (macro F1 0.499, 1,000,999 parameters)"
    )
    assert shown[4].split() == ["worker", "trial", "epoch", "macro", "F1", "network"]
    assert set(shown[5]) == {"─"}
    assert shown[6].split()[:6] == ["1", "elimination", "#1234", "99/100", "0.988", "tf_efficientnet_lite0"]
    assert shown[6].endswith("…")
    assert len(shown) == 6 + 8
    assert max(map(len, shown)) <= 79


@pytest.mark.parametrize(
    ("width", "height", "words"), [(79, 24, 4), (59, 12, 4), (39, 10, 6), (199, 50, 2), (79, 9, 4)]
)
def test_no_more_than_a_terminal_shows(width: int, height: int, words: int) -> None:
    shown = lines(64, width, height)
    assert max(map(len, shown)) <= width
    assert len(shown) == height - 1
    assert shown[words].endswith(("network", "macro F1"))
    shown_workers = height - 1 - words - 2 - 1
    assert f"and {64 - shown_workers} mo" in shown[-1]


def test_a_terminal_without_room_shows_that_there_are_workers() -> None:
    assert "and 64 more" in lines(64, 79, 3)[-1]


def test_what_a_worker_does_when_it_trains_nothing_is_shown() -> None:
    file = io.StringIO()
    workers = {1: Activity("choosing a network", trial="scratch #3"), 2: Activity()}
    Console(file=file, width=80).print(render(Facts(0.0, workers), 79, 24))
    *_, first, second = file.getvalue().rstrip("\n").split("\n")
    assert first.split() == ["1", "scratch", "#3", "choosing", "a", "network"]
    assert second.split() == ["2", "starting"]


def test_without_workers_only_the_words_are_shown() -> None:
    assert len(lines(0, 199)) == 2


UP = "\x1b[1A"


def test_a_narrower_terminal_has_broken_the_lines_and_the_cursor_climbs_over_all_rows() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True, color_system=None)
    table = LiveTable(lambda: facts(2), console)
    with table:
        table.auto_refresh = False
        table.refresh()
        before = len(file.getvalue())
        table.refresh()
        again = file.getvalue()[before:]
        height = 4 + 2 + 2
        assert again.count(UP) == height - 1, "to the first line"
        console.width = 40
        before = len(file.getvalue())
        table.refresh()
        narrower = file.getvalue()[before:]
        widths = [len(line) for line in lines(2, 80 - ECHO_COLUMNS)]
        assert narrower.count(UP) == sum(-(-width // 40) for width in widths) - 1
        assert narrower.count(UP) > height
        before = len(file.getvalue())
        table.refresh()
        again = file.getvalue()[before:]
        assert again.count(UP) == len(lines(2, 40 - ECHO_COLUMNS)) - 1, "it was drawn again for this width"
