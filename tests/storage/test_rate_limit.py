from __future__ import annotations

import threading
from collections.abc import Callable

import optuna
import pytest

from storage.database import Database, connect
from storage.rate_limit import take_turn


def test_the_first_who_asks_gets_it_and_others_are_told_how_long_to_wait(
    database: Database, study: optuna.Study
) -> None:
    assert take_turn(database, study._study_id, "feed", 60) == 0
    assert 55 < take_turn(database, study._study_id, "feed", 60) <= 60


def test_there_is_another_turn_after_its_time(database: Database, study: optuna.Study) -> None:
    assert take_turn(database, study._study_id, "feed", 60) == 0
    assert take_turn(database, study._study_id, "feed", 0) == 0
    assert take_turn(database, study._study_id, "feed", 60) > 0


def test_names_and_studies_have_turns_of_their_own(
    database: Database, make_study: Callable[[str], optuna.Study]
) -> None:
    first, second = make_study("a")._study_id, make_study("b")._study_id
    assert [take_turn(database, *turn, 60) for turn in [(first, "x"), (first, "y"), (second, "x")]] == [0, 0, 0]


def test_of_many_at_once_one_gets_it(database: Database, study: optuna.Study, url: str) -> None:
    waits: list[float] = []
    start = threading.Barrier(4)

    def ask() -> None:
        own = connect(url)
        start.wait()
        waits.append(take_turn(own, study._study_id, "feed", 60))
        own.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [wait == 0 for wait in sorted(waits)] == [True, False, False, False]


def test_a_clock_that_was_set_back_stops_nobody(
    database: Database, study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.optuna.set_study_system_attr(study._study_id, "elimnet:turn:feed", 4e9)  # the year 2096
    assert take_turn(database, study._study_id, "feed", 60) == 0


def test_a_lost_answer_costs_a_turn_at_most(
    database: Database, study: optuna.Study, lose_answer: Callable[[Database, int], None]
) -> None:
    lose_answer(database, 1)
    assert 0 <= take_turn(database, study._study_id, "feed", 60) <= 60
    assert take_turn(database, study._study_id, "feed", 0) == 0
