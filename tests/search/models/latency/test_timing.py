from __future__ import annotations

import pytest

from search.models.latency.timing import FEWEST_RUNS, timed, timed_in_turns


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


def test_calls_in_turns_share_what_slows_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    now, order = 0.0, list[str]()
    monkeypatch.setattr("time.perf_counter", lambda: now)

    def call(name: str, seconds: float) -> None:
        nonlocal now
        order.append(name)
        now += seconds * (8 if len(order) > 6 + 5 * (3 + 2) else 1)  # after the warm-up and five turns

    # A turn of 1/64 s: one call that is not timed, then two of 1/128 s, or one; on the slow machine one of each.
    short, long = timed_in_turns([lambda: call("short", 1 / 128), lambda: call("long", 1 / 64)], seconds=10 / 64)
    assert "".join(name[0] for name in order[:16]) == "ssssll" + "sssll" + "llsss"
    assert (short.runs, long.runs) == (5 * 2 + 5, 5 + 5)
    assert (short.p90_ms, long.p90_ms) == (1000 / 16, 1000 / 8)


def test_every_call_is_timed_ten_times_at_least() -> None:
    calls = [0, 0]

    def call(place: int) -> None:
        calls[place] += 1

    timings = timed_in_turns([lambda: call(0), lambda: call(1)], seconds=0)
    assert [timing.runs for timing in timings] == [FEWEST_RUNS, FEWEST_RUNS]
    assert calls == [1 + 2 * FEWEST_RUNS] * 2, "one to warm up, and one more in each turn"
