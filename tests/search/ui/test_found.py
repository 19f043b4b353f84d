from __future__ import annotations

import threading
import time

import pytest

from search.errors import BadInput
from search.settings.search import Settings
from search.ui.found import Found, Kept, Latest


def test_what_many_ask_for_at_once_is_made_once() -> None:
    kept, made = Kept(), list[int]()

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return 7

    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(kept.get("a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers, made) == ([7] * 8, [1])


def test_the_last_used_are_kept() -> None:
    kept = Kept(2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda key=key: key.upper())  # type: ignore[misc]
    assert kept.get("a", lambda: "made again") == "A"
    assert kept.get("b", lambda: "made again") == "made again"


def test_a_failure_is_not_kept() -> None:
    def fail() -> int:
        raise BadInput("no", [])

    kept = Kept()
    with pytest.raises(BadInput):
        kept.get("a", fail)
    assert kept.get("a", lambda: 3) == 3
    latest = Latest()
    with pytest.raises(BadInput):
        latest.get("a", 1, fail)
    assert latest.get("a", 1, lambda: 3) == 3


def test_nobody_waits_for_a_newer_result() -> None:
    latest, gate = Latest(), threading.Event()
    assert latest.get("a", 1, lambda: "old") == "old"

    def make() -> str:
        gate.wait(30)
        return "new"

    assert [latest.get("a", 2, make) for _ in range(3)] == ["old"] * 3
    gate.set()
    deadline = time.monotonic() + 30
    while latest.get("a", 2, make) == "old":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_failed_renewal_leaves_the_old_result_and_is_tried_again() -> None:
    latest, tries = Latest(), list[int]()

    def fail() -> str:
        tries.append(1)
        raise BadInput("no", [])

    latest.get("a", 1, lambda: "old")
    deadline = time.monotonic() + 30
    while len(tries) < 2:
        assert latest.get("a", 2, fail) == "old"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_trial_of_a_row_leads_to_its_entry(settings: Settings) -> None:
    found = Found(settings)
    view = found.view("parameters")
    assert set(view.entry_of) == {("elimination", 0), ("scratch", 0)}
    assert set(found.models()) == {"elimination/0", "scratch/0"}
    assert view is found.view("parameters")
