from __future__ import annotations

import threading
import time
from collections.abc import Callable

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from storage.claims import claim_trial
from storage.database import Database, connect
from storage.errors import LeaseLost
from storage.leases import Lease, Leases
from storage.results import finish, set_attributes

SOON = 0.4  # seconds of silence that are a death, in these tests


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database, SOON)


def claim(database: Database, study: optuna.Study, worker: str = "first worker") -> Lease:
    lease = claim_trial(database, study._study_id, worker)
    assert lease is not None
    return lease


def fall_silent(leases: Leases) -> None:
    """Time goes by, in which some other worker of the database shows signs of life."""
    until = time.monotonic() + 1.5 * SOON
    while time.monotonic() < until:
        assert leases.take_over([], "bystander") is None
        time.sleep(SOON / 20)


def take_over_in_time(leases: Leases, study: optuna.Study, worker: str) -> Lease:
    """What a worker takes that asks again and again; on a busy machine its own pauses are silences of all."""
    until = time.monotonic() + 500
    while (taken := leases.take_over([study._study_id], worker)) is None:
        assert time.monotonic() < until
        time.sleep(SOON / 20)
    return taken


def test_a_holder_that_beats_keeps_its_trial(database: Database, study: optuna.Study, leases: Leases) -> None:
    lease = claim(database, study)
    for _ in range(6):
        time.sleep(SOON / 4)
        leases.beat(lease)
        assert leases.take_over([study._study_id], "second worker") is None


def test_a_silent_holder_is_a_death_and_loses_everything(
    database: Database, study: optuna.Study, leases: Leases
) -> None:
    lost = claim(database, study)
    taken = take_over_in_time(leases, study, "second worker")
    assert (taken.trial_id, taken.study_id, taken.number) == (lost.trial_id, study._study_id, 0)
    assert (taken.worker, taken.deaths, taken.checkpoint, taken.epoch) == ("second worker", 1, None, None)
    no_longer = rf"trial 0 \(id {lost.trial_id}\): no longer held by first worker"
    with pytest.raises(LeaseLost, match=no_longer):
        leases.beat(lost)
    with pytest.raises(LeaseLost, match=no_longer):
        leases.record_checkpoint(lost, "late", 9)
    with pytest.raises(LeaseLost, match=no_longer):
        set_attributes(database, lost, {"late": True})
    with pytest.raises(LeaseLost, match=no_longer):
        finish(database, lost, TrialState.COMPLETE, [0.5, 1.0])
    leases.hand_back(lost)
    assert leases.take_over([study._study_id], "third worker") is None  # the second still holds it
    finish(database, taken, TrialState.COMPLETE, [0.25, 1.0])
    assert study.trials[0].values == [0.25, 1.0]


def test_the_next_holder_resumes_from_the_last_checkpoint(
    database: Database, study: optuna.Study, leases: Leases
) -> None:
    lease = claim(database, study)
    assert leases.record_checkpoint(lease, "after one", 1) is None
    assert leases.record_checkpoint(lease, "after two", 2) == "after one"
    assert leases.record_checkpoint(lease, "after two", 2) is None  # repeated: this one is still needed
    leases.hand_back(lease)
    taken = leases.take_over([study._study_id], "second worker")
    assert taken is not None
    assert (taken.checkpoint, taken.epoch, taken.deaths) == ("after two", 2, 0)


def test_a_trial_handed_back_is_free_at_once(database: Database, study: optuna.Study) -> None:
    patient = Leases(database, 3600)
    lease = claim(database, study)
    assert patient.take_over([study._study_id], "second worker") is None
    patient.hand_back(lease)
    with pytest.raises(LeaseLost):
        patient.beat(lease)
    taken = patient.take_over([study._study_id], "second worker")
    assert taken is not None
    assert taken.deaths == 0
    assert patient.take_over([study._study_id], "third worker") is None


def test_a_worker_whose_process_ended_can_be_declared_dead(database: Database, study: optuna.Study) -> None:
    patient = Leases(database, 3600)
    claim(database, study, "dead worker")
    claim(database, study, "live worker")
    patient.declare_dead("dead worker")
    patient.declare_dead("nobody's name")
    taken = patient.take_over([study._study_id], "second worker")
    assert taken is not None
    assert (taken.number, taken.deaths) == (0, 1)
    assert patient.take_over([study._study_id], "second worker") is None


def test_deaths_add_up(database: Database, study: optuna.Study, leases: Leases) -> None:
    claim(database, study)
    for deaths in (1, 2, 3):
        taken = take_over_in_time(leases, study, "next worker")
        assert taken.deaths == deaths


def test_a_janitor_takes_only_what_has_died_often(database: Database, study: optuna.Study) -> None:
    patient = Leases(database, 3600)
    claim(database, study, "victim")
    for number in range(2):
        patient.declare_dead("victim")
        taken = patient.take_over([study._study_id], "victim")
        assert taken is not None
        assert taken.deaths == number + 1
    assert patient.take_over([study._study_id], "janitor", deaths=3) is None, "its third holder lives"
    patient.declare_dead("victim")
    assert patient.take_over([study._study_id], "janitor", deaths=4) is None
    taken = patient.take_over([study._study_id], "janitor", deaths=3)
    assert taken is not None
    assert (taken.worker, taken.deaths) == ("janitor", 3)


def test_only_trials_of_the_studies_asked_for(
    database: Database, make_study: Callable[[str], optuna.Study], leases: Leases
) -> None:
    first, second = make_study("first"), make_study("second")
    leases.hand_back(claim(database, first))
    assert leases.take_over([second._study_id], "second worker") is None
    assert leases.take_over([], "second worker") is None
    assert leases.take_over([second._study_id, first._study_id], "second worker") is not None


def test_ended_trials_are_left_alone(database: Database, study: optuna.Study, leases: Leases) -> None:
    finish(database, claim(database, study), TrialState.FAIL)
    study.tell(study.ask(), [0.5, 1.0])
    by_other_means = claim(database, study)
    study.tell(by_other_means.number, state=TrialState.FAIL)
    fall_silent(leases)
    assert leases.take_over([study._study_id], "second worker") is None


def test_a_trial_without_a_lease_gets_its_time_and_is_nobodys_death(study: optuna.Study, leases: Leases) -> None:
    orphan = study.ask()
    assert leases.take_over([study._study_id], "second worker") is None
    taken = take_over_in_time(leases, study, "second worker")
    assert (taken.trial_id, taken.deaths) == (orphan._trial_id, 0)


def test_after_a_silence_of_all_everybody_gets_time_to_come_back(
    database: Database, study: optuna.Study, leases: Leases
) -> None:
    lease = claim(database, study)
    leases.beat(lease)
    time.sleep(2 * SOON)  # the database was away: nobody could beat
    assert leases.take_over([study._study_id], "second worker") is None
    leases.beat(lease)
    assert take_over_in_time(leases, study, "second worker").deaths == 1


def test_the_worker_that_comes_back_first_does_not_make_the_others_look_dead(
    database: Database, study: optuna.Study, leases: Leases
) -> None:
    quick, slow = claim(database, study), claim(database, study)
    leases.beat(quick)
    leases.beat(slow)
    time.sleep(2 * SOON)
    leases.beat(quick)
    assert leases.take_over([study._study_id], "third worker") is None
    leases.beat(slow)


def test_clocks_of_workers_do_not_matter(
    database: Database, study: optuna.Study, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = claim(database, study)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    leases.beat(lease)
    assert leases.take_over([study._study_id], "second worker") is None


def test_many_take_over_each_trial_goes_to_one(url: str, database: Database, study: optuna.Study) -> None:
    patient = Leases(database, 3600)
    for _ in range(12):
        patient.hand_back(claim(database, study))
    taken: list[int] = []

    def take_all(number: int) -> None:
        own = connect(url)
        while (lease := Leases(own, 3600).take_over([study._study_id], f"worker {number}")) is not None:
            taken.append(lease.number)
        own.close()

    threads = [threading.Thread(target=take_all, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(12))


def test_a_takeover_whose_answer_was_lost_is_found_again(
    database: Database, study: optuna.Study, leases: Leases, lose_answer: Callable[[Database, int], None]
) -> None:
    leases.hand_back(claim(database, study))
    lose_answer(database, 1)
    taken = leases.take_over([study._study_id], "second worker")
    assert taken is not None
    leases.beat(taken)
    assert leases.take_over([study._study_id], "third worker") is None


def test_deleting_the_study_takes_leases_and_curves_along(database: Database, study: optuna.Study) -> None:
    claim(database, study)
    optuna.delete_study(study_name="first", storage=database.optuna)
    count = text("SELECT count(*) FROM elimnet_leases")
    assert database.read(lambda connection: connection.execute(count).scalar()) == 0
