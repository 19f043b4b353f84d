from __future__ import annotations

import logging
import statistics
from typing import Any

import pytest
from optuna.trial import TrialState

from search.spaces.sample import OverTheLimit
from search.study import acquisition as choosing
from search.study import proposals as drawing
from search.study.acquisition import LEAST_FINISHED
from search.study.proposals import Proposer
from search.trial import leased
from search.trial.assignment import Assignment, assign
from search.worker import loop as work
from storage.claims import claim_trial, open_trial
from storage.leases import Lease
from storage.results import finish, set_attributes
from tests.conftest import SIDE, LoadSettings, tiny_elimination
from tests.search.conftest import Bench, OpenBench

FIXED = {
    "learning_rate": {"low": 0.01, "high": 0.01},
    "weight_decay": {"low": 0.0, "high": 0.0},
    "dropout": {"low": 0.0, "high": 0.0},
    "augmentation": {"low": 0.0, "high": 0.0},
    "recipe": {"epochs": 1},
}
# The first stage alone is small enough, under one of four heads.
HEADS = {"heads": ["pool_linear", "conv1x1"], "head_widths": [8, 16, 24]}
FOUR = tiny_elimination(**FIXED, **HEADS, max_parameters=30_000, uncut=False)
CANDIDATES = 4


@pytest.fixture
def bench(load_settings: LoadSettings, open_bench: OpenBench) -> Bench:
    return open_bench(load_settings(studies={"four": FOUR}, trials=12))


def begin(bench: Bench, proposals: int = 1) -> tuple[Lease, Assignment]:
    """A trial with its candidate, as the worker's loop begins it; it stays running."""
    (study,) = bench.studies
    lease = claim_trial(bench.context.database, study.study._study_id, "worker")
    assert lease is not None
    trial, suggestions = Proposer(study, 3, proposals=proposals).draw(open_trial(study.study, lease))
    assignment = assign(study, trial, 3, 0)
    assert set_attributes(bench.context.database, lease, assignment.attributes(), suggestions)
    return lease, assignment


def end(bench: Bench, begun: tuple[Lease, Assignment], f1_macro: float) -> None:
    lease, assignment = begun
    values = (f1_macro, float(assignment.counts["parameters"]))
    finish(bench.context.database, lease, TrialState.COMPLETE, values, {"seconds": 1.0, "epochs": 1})


def test_nothing_is_tried_twice_while_there_is_anything_new(bench: Bench) -> None:
    begun = [begin(bench) for _ in range(CANDIDATES)]
    assert len({assignment.candidate.key for _, assignment in begun}) == CANDIDATES, "running ones count as tried"
    assert {(assignment.seed, assignment.runs_to_end) for _, assignment in begun} == {(0, False)}


def test_an_exhausted_space_gives_further_seeds_of_its_front(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    begun = sorted((begin(bench) for _ in range(CANDIDATES)), key=lambda pair: pair[1].counts["parameters"])
    front, beaten = begun[:2], begun[2:]
    for f1_macro, one in zip((0.5, 0.75, 0.75, 0.6), begun, strict=True):
        end(bench, one, f1_macro)  # the larger two are no better than the second
    with caplog.at_level(logging.INFO, logger="search.study.proposals"):
        further = [begin(bench) for _ in range(4)]
    keys = [assignment.candidate.key for _, assignment in further]
    assert sorted(keys) == sorted([assignment.candidate.key for _, assignment in front] * 2), "in turns"
    assert not {assignment.candidate.key for _, assignment in beaten} & set(keys)
    assert sorted(assignment.seed for _, assignment in further) == [1, 1, 2, 2]
    assert all(assignment.runs_to_end for _, assignment in further)
    assert "no new candidate was found; repeating trial" in caplog.text
    params = {trial.user_attrs["candidate_key"]: trial.params for trial in bench.studies[0].study.trials}
    for trial in bench.studies[0].study.trials:
        assert trial.params == params[trial.user_attrs["candidate_key"]], "the sampler learns of the seeds, too"


def test_before_anything_has_finished_an_exhausted_space_repeats_itself(bench: Bench) -> None:
    *_, last = [begin(bench) for _ in range(CANDIDATES + 1)]
    assert last[1].seed == 1


def test_what_was_queued_is_not_questioned(bench: Bench) -> None:
    (study,) = bench.studies
    first = begin(bench)
    params = study.study.trials[0].params
    end(bench, first, 0.0)
    study.study.enqueue_trial(params)
    _, again = begin(bench)
    assert (again.candidate, again.seed, again.runs_to_end) == (first[1].candidate, 1, True)


def test_what_was_refused_once_is_not_drawn_again(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    space = tiny_elimination(
        **FIXED, max_parameters=30_000, uncut=False, heads=["pool_linear", "conv1x1"], head_widths=[1000, 2000]
    )
    bench = open_bench(load_settings(studies={"one": space}, trials=4))
    work.work(bench.context)
    states = [trial.state for trial in bench.trials]
    assert states.count(TrialState.COMPLETE) == 4
    assert states.count(TrialState.PRUNED) <= 2, "one for each width"
    assert sorted(trial.attributes["seed"] for trial in bench.trials if trial.values) == list(range(4))


def test_two_workers_that_draw_the_same_do_not_both_train_it(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(studies={"four": FOUR}, trials=2)
    bench, other = open_bench(settings), open_bench(settings, "other")

    def after_the_other(*arguments: Any, **options: Any) -> bool:
        """While this worker is about to store its candidate, another one begins the same."""
        monkeypatch.setattr(leased, "set_attributes", set_attributes)
        attributes = arguments[2]
        lease = claim_trial(other.context.database, other.studies[0].study._study_id, "other")
        assert lease is not None
        assert set_attributes(other.context.database, lease, attributes)
        finish(other.context.database, lease, TrialState.FAIL)
        return set_attributes(*arguments, **options)

    monkeypatch.setattr(leased, "set_attributes", after_the_other)
    work.work(bench.context)
    mine, others = bench.trials
    assert mine.attributes["candidate_key"] != others.attributes["candidate_key"]
    assert (mine.attributes["seed"], mine.state, others.state) == (0, TrialState.COMPLETE, TrialState.FAIL)


def test_a_candidate_over_the_limit_is_a_draw_like_any_other(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.study.opening.check_limits", lambda *_: None)  # no study like this is made any more
    space = tiny_elimination(**FIXED, max_parameters=27_000, uncut=False, heads=["conv1x1"], head_widths=[1000])
    bench = open_bench(load_settings(studies={"none": space}))
    with pytest.raises(OverTheLimit):
        begin(bench)


WIDTHS = tuple(range(8, 400, 8))
MANY = tiny_elimination(
    **FIXED, max_parameters=60_000, uncut=False, heads=["pool_linear", "conv1x1"], head_widths=[*WIDTHS]
)


def test_of_many_proposals_the_one_that_is_worth_most_is_taken(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    """All are as good, so the small ones are worth most: they gain hypervolume, and they are quick."""
    bench = open_bench(load_settings(studies={"many": MANY}, trials=40))
    widths: list[int] = []
    for _ in range(LEAST_FINISHED + 8):
        begun = begin(bench, proposals=16)
        widths.append(begun[1].candidate.network.head.width or 0)
        end(bench, begun, f1_macro=0.9)
    later = widths[LEAST_FINISHED:]
    assert statistics.median(later) < WIDTHS[len(WIDTHS) // 4]


def test_no_proposal_is_over_the_limits_from_the_first_trial_on(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    bench = open_bench(load_settings(studies={"many": MANY.copy() | {"max_parameters": 31_000}}, trials=40))
    with pytest.raises(OverTheLimit):  # as many are
        _ = [begin(bench) for _ in range(20)]
    for _ in range(6):
        begin(bench, proposals=16)


def test_a_chosen_trial_stores_what_it_suggests(load_settings: LoadSettings, open_bench: OpenBench) -> None:
    bench = open_bench(load_settings(studies={"four": FOUR}, trials=40))
    (study,) = bench.studies
    for number in range(CANDIDATES):
        begun = begin(bench, proposals=8)
        end(bench, begun, 0.1 * number)
    assert len({trial.user_attrs["candidate_key"] for trial in study.study.trials}) == CANDIDATES
    *_, last = study.study.get_trials()
    assert set(last.params) >= {"head_of_first_stage"}
    further = begin(bench, proposals=8)
    assert further[1].seed == 1, "an exhausted space gives further seeds, with proposals, too"


def test_proposals_are_weighed_by_the_trials_that_matter(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[int] = []

    def spy(tried: list[choosing.Tried], *rest: Any, **others: Any) -> Any:
        learned.append(len(tried))
        return choosing.worth(tried, *rest, **others)

    monkeypatch.setattr(drawing, "worth", spy)
    monkeypatch.setattr(drawing, "HISTORY", LEAST_FINISHED)
    bench = open_bench(load_settings(studies={"many": MANY.copy() | {"max_parameters": 1_000_000}}, trials=40))
    for number in range(LEAST_FINISHED + 6):
        end(bench, begin(bench, proposals=4), f1_macro=0.9 - 0.01 * number)
    assert learned[0] == LEAST_FINISHED
    assert max(learned) < LEAST_FINISHED + 5, "old ones that others beat are left out"


def test_a_training_is_weighed_by_all_networks_that_it_gives(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[choosing.Tried], list[choosing.Proposal]]] = []

    def spy(tried: list[choosing.Tried], running: Any, proposals: list[choosing.Proposal], **others: Any) -> Any:
        seen.append((tried, proposals))
        return choosing.worth(tried, running, proposals, **others)

    monkeypatch.setattr(drawing, "worth", spy)
    space = tiny_elimination(trainings=["shared", "alone"], recipe={"epochs": 1})
    bench = open_bench(load_settings(studies={"cuts": space}, trials=3, proposals=8))
    work.work(bench.context)
    tried, proposals = seen[-1]
    trained = [trial for trial in bench.trials if trial.values and "trained_with" not in trial.attributes]
    works = [one.work for one in tried if one.work]
    assert len(works) < len(tried), "exits tell no time"
    first, exits = trained[0], [trial for trial in bench.trials if trial.attributes.get("trained_with") == 0]
    assert len(exits) == 4
    seconds = sum(trial.attributes["seconds"] for trial in (first, *exits))
    assert works[0][0] == choosing.work(first.attributes["macs"], SIDE, epochs=1)
    assert works[0][1] == pytest.approx(seconds)
    kinds = set()
    for proposal in proposals:
        *others, own = proposal.networks
        kinds.add(own.params["training"])
        assert proposal.work == choosing.work(own.macs, SIDE, epochs=1)
        depths = [network.params["test_resnet.cut"] for network in proposal.networks]
        shared = own.params["training"] == "shared"
        assert depths == (list(range(depths[-1] + 1)) if shared else [own.params["test_resnet.cut"]])
        assert all(other.parameters <= own.parameters and other.macs <= own.macs for other in others)
    assert kinds == {"shared", "alone"}


def test_all_cuts_are_trained_together_once_before_any_are_chosen(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    space = tiny_elimination(trainings=["shared", "alone"])
    bench = open_bench(load_settings(studies={"cuts": space}, trials=8))
    first, second, third = (begin(bench, proposals)[1] for proposals in (4, 4, 1))
    recipe = space["recipe"] | {"learning_rate": 0.003, "trunk_learning_rate": 1.0}
    assert first.candidate.exits == (*(f"layer{stage}.0" for stage in (1, 2, 3, 4)), None)
    assert first.candidate.recipe.model_dump().items() >= recipe.items()
    assert first.runs_to_end
    assert len({assignment.candidate.key for assignment in (first, second, third)}) == 3
