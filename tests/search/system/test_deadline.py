from __future__ import annotations

import time

import pytest

from search.system.deadline import Deadline


def test_the_workers_end_before_the_command_does() -> None:
    deadline = Deadline.of_minutes(10, time.monotonic() - 60, workers=2)
    assert deadline.report_seconds == pytest.approx(18)
    assert deadline.left == pytest.approx(600 - 60 - 18, abs=1)
    assert not deadline.is_over


def test_a_report_needs_some_seconds_however_short_the_command_is() -> None:
    assert Deadline.of_minutes(0.5, time.monotonic(), workers=1).report_seconds == 8


def test_a_training_may_take_a_little_longer_than_planned() -> None:
    late = Deadline.of_minutes(10, time.monotonic() - 590, workers=1)
    assert late.left < 0
    assert not late.is_over
    assert Deadline.of_minutes(10, time.monotonic() - 601, workers=1).is_over
