from __future__ import annotations

from search import work
from search.progress import StudyProgress, progress_of
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import EXPLODING, OpenBench


def test_stopped_trials_count_and_their_time_does() -> None:
    state = StudyProgress("scratch", trials=10, minutes=None)
    state.complete(0.5, 100, seconds=60)
    state.stop(seconds=20)
    state.failed += 1
    assert (state.ended, state.budget) == (3, "3/10")
    state.used_share = 0.5  # others have begun two more
    assert state.left_seconds == 5 * (60 + 20) / 3


def test_of_a_budget_of_minutes_all_workers_use_a_part() -> None:
    state = StudyProgress("scratch", trials=None, minutes=2, used_share=0.25)
    assert state.left_seconds == 90
    state.used_share = 1.5
    assert state.left_seconds == 0


def test_progress_begins_with_what_is_stored(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    studies = {"exploding": tiny_scratch(**EXPLODING), "sound": tiny_scratch()}
    bench = open_bench(load_settings(studies=studies))
    work.work(bench.shop, bench.studies)
    known = progress_of(bench.shop.database, bench.studies)
    assert {name: (state.done, state.failed) for name, state in known.items()} == {"exploding": (0, 2), "sound": (2, 0)}
    f1_macro, parameters = max((trial.values for trial in bench.trials if trial.values), key=lambda v: (v[0], -v[1]))
    assert known["sound"].best == (f1_macro, parameters)
    assert known["sound"].seconds == sum(trial.attributes.get("seconds", 0.0) for trial in bench.trials)
    assert bench.shop.progress.studies["sound"] == known["sound"]
