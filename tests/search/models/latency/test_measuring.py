from __future__ import annotations

import pytest

from search.models.latency.measuring import timed


def test_median_and_percentile_are_those_of_the_calls_after_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now, durations = 0.0, iter([9.0, *(number / 1000 for number in range(1, 20))])
    monkeypatch.setattr("time.perf_counter", lambda: now)

    def call() -> None:
        nonlocal now
        now += next(durations)

    median, p90, runs = timed(call, seconds=0.01)  # over after 4 calls, 1 + 2 + 3 + 4 ms, but there are to be 10
    assert runs == 10
    assert median == pytest.approx((5 + 6) / 2)
    assert p90 == pytest.approx(9 + 0.1 * (10 - 9))  # at 0.9 * 9 = 8.1 of 0..9


def test_fast_calls_are_timed_until_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0

    def call() -> None:
        nonlocal now
        now += 1

    monkeypatch.setattr("time.perf_counter", lambda: now)
    assert timed(call, seconds=25) == (1000.0, 1000.0, 25)
