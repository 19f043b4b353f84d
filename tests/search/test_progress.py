from __future__ import annotations

from search.progress import StudyProgress


def test_stopped_trials_count_and_their_time_does() -> None:
    state = StudyProgress("scratch", trials=10, minutes=None)
    state.complete(0.5, 100, seconds=60)
    state.stop(seconds=20)
    state.failed += 1
    assert (state.ended, state.budget) == (3, "3/10")
    assert state.left_seconds == 7 * (60 + 20) / 3
