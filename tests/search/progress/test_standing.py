from __future__ import annotations

from optuna.trial import TrialState

from search.progress.facts import Member
from search.progress.standing import read_standing
from search.worker import loop as work
from storage.claims import claim_trial
from storage.database import Database
from storage.results import finish, set_attributes
from tests.conftest import LoadSettings, tiny_scratch
from tests.search.conftest import EXPLODING, Bench, OpenBench

COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL


def ended(bench: Bench, study: int, f1_macro: float, parameters: int, key: str) -> None:
    """One more trial of a study, of the candidate `key`."""
    database: Database = bench.context.database
    lease = claim_trial(database, bench.studies[study].study._study_id, "worker")
    assert lease
    set_attributes(database, lease, {"candidate_key": key, "seconds": 10.0})
    finish(database, lease, COMPLETE, (f1_macro, float(parameters)))


def front(bench: Bench) -> tuple[Member, ...]:
    return read_standing(bench.context.database, bench.studies).front


def test_counts_and_seconds_of_all_that_ended(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    studies = {"exploding": tiny_scratch(**EXPLODING), "sound": tiny_scratch(minutes=5, trials=3)}
    bench = open_bench(load_settings(studies=studies))
    work.work(bench.context)
    database, sound = bench.context.database, bench.studies[1]
    claim_trial(database, sound.study._study_id, "somebody else")
    lease = claim_trial(database, sound.study._study_id, "somebody else")
    assert lease
    finish(database, lease, PRUNED, attributes={"infeasible": True}, counts=False)
    exploding, known = read_standing(database, bench.studies).studies
    assert (exploding.name, exploding.trials, exploding.minutes) == ("exploding", 2, None)
    assert (exploding.ended, exploding.failed, exploding.stopped, exploding.running) == (2, 2, 0, 0)
    assert (known.name, known.trials, known.minutes) == ("sound", 3, 5)
    assert (known.ended, known.failed, known.stopped, known.running) == (3, 0, 0, 1)
    assert known.seconds == sum(trial.attributes["seconds"] for trial in bench.trials if trial.state == COMPLETE)
    assert {trial.state for trial in bench.trials} >= {COMPLETE, FAIL}


def test_the_front_is_of_all_studies_and_of_means_over_seeds(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    bench = open_bench(load_settings(studies={"a": tiny_scratch(), "b": tiny_scratch()}, trials=9))
    ended(bench, 0, 0.5, 100, "small")
    ended(bench, 0, 0.4, 200, "beaten in its study")
    ended(bench, 0, 0.8, 500, "beaten by the other study")
    ended(bench, 1, 0.9, 400, "lucky")
    assert front(bench) == (
        Member(("a #0",), 0.5, 100),
        Member(("b #0",), 0.9, 400),
    )
    ended(bench, 1, 0.5, 400, "lucky")
    assert front(bench) == (
        Member(("a #0",), 0.5, 100),
        Member(("b #0", "b #1"), (0.9 + 0.5) / 2, 400),
        Member(("a #2",), 0.8, 500),
    )
