from __future__ import annotations

import pytest

from search.progress.facts import Activity, Facts, Member, Standing, StudyStanding
from search.progress.words import budget_in_words, clock, duration, front_change, front_in_words, status_line

SMALL = Member(("scratch #0",), 0.5, 1_000)
LARGE = Member(("elimination #3",), 0.9312, 254_470)


def facts(*studies: StudyStanding, front: tuple[Member, ...] = (), **workers: Activity) -> Facts:
    numbered = {int(name.removeprefix("w")): activity for name, activity in workers.items()}
    return Facts(83.0, numbered, Standing(studies, front))


def test_one_line_tells_all() -> None:
    told = facts(
        StudyStanding("elimination", trials=4, ended=2, running=1, seconds=60.0),
        StudyStanding("scratch", trials=4, ended=3, stopped=1, failed=1, running=1, seconds=90.0),
        front=(SMALL, LARGE),
        w1=Activity(trial="elimination #4", network="a network", epochs=6, epoch=2, f1_macro=0.75),
        w2=Activity(trial="scratch #3", network="another", epochs=5),
        w10=Activity("choosing a network", trial="scratch #4"),
        w3=Activity(),
    )
    left = (2 * 60 / 2 + 1 * 90 / 3) / 2  # unused trials at the mean time of a trial, two at a time
    assert left == 45
    assert status_line(told) == (
        "0:01:23 elapsed, 5 of 8 trials (1 pruned, 1 failed), about 45 s left; "
        "Pareto front: 2 networks, best elimination #3 (macro F1 0.931, 254,470 parameters); "
        "worker 1: elimination #4 epoch 2 of 6, macro F1 0.750; "
        "worker 2: scratch #3 epoch 0 of 5; "
        "worker 3: starting; "
        "worker 10: scratch #4 choosing a network"
    )


def test_a_budget_of_time_is_told_in_minutes_of_training() -> None:
    timed = facts(StudyStanding("a", minutes=30, ended=3, running=2, seconds=600), StudyStanding("b", minutes=10))
    left = (30 * 60 - 600 + 10 * 60) / 2
    assert left == 15 * 60
    assert budget_in_words(timed) == "0:01:23 elapsed, 3 trials, 10.0 of 40 min of training, about 15 min left"


def test_a_budget_that_is_used_up_or_not_known_leaves_nothing_to_tell() -> None:
    assert budget_in_words(facts()) == "0:01:23 elapsed, 0 trials"
    assert budget_in_words(facts(StudyStanding("a", trials=2))) == "0:01:23 elapsed, 0 of 2 trials"
    used = StudyStanding("a", trials=2, minutes=1, ended=2, seconds=30)
    assert budget_in_words(facts(used)) == "0:01:23 elapsed, 2 of 2 trials, 0.5 of 1 min of training"
    both = facts(StudyStanding("a", trials=4, ended=1, seconds=5), StudyStanding("b", minutes=1, seconds=6))
    assert budget_in_words(both) == "0:01:23 elapsed, 1 trial, 0.1 of 1 min of training, about 69 s left"


def test_the_front_is_empty_before_a_trial_has_finished() -> None:
    assert front_in_words(Standing()) == "Pareto front: empty so far"


def test_a_list_of_networks_has_no_front() -> None:
    final = Facts(83.0, {1: Activity()}, Standing([StudyStanding("final", trials=6, ended=2)], has_front=False))
    assert status_line(final) == "0:01:23 elapsed, 2 of 6 trials; worker 1: starting"


def test_of_many_workers_the_first_eight_are_named() -> None:
    def line(workers: int) -> str:
        return status_line(Facts(83.0, {number: Activity() for number in range(1, workers + 1)}))

    assert line(8).endswith("; worker 7: starting; worker 8: starting")
    assert line(64).endswith("; worker 7: starting; worker 8: starting; and 56 more")
    assert len(line(64)) < len(line(8)) + 20


def test_who_joined_the_front_and_who_left_it() -> None:
    better = Member(("scratch #7",), 0.6, 900)
    again = Member(("elimination #3", "elimination #9"), 0.92, 254_470)
    assert front_change((SMALL, LARGE), (SMALL, LARGE)) is None
    assert front_change((), (SMALL,)) == (
        "Pareto front: scratch #0 joined (macro F1 0.500, 1,000 parameters); now 1 network"
    )
    assert front_change((SMALL, LARGE), (better, LARGE)) == (
        "Pareto front: scratch #7 joined (macro F1 0.600, 900 parameters); scratch #0 left; now 2 networks"
    )
    assert front_change((SMALL, LARGE), (SMALL, again)) == (
        "Pareto front: elimination #3, elimination #9 has a new mean (macro F1 0.920, 254,470 parameters); "
        "now 2 networks"
    )


@pytest.mark.parametrize(
    ("seconds", "said", "told"),
    [
        (0.4, "0 s", "0:00:00"),
        (89, "89 s", "0:01:29"),
        (90, "2 min", "0:01:30"),
        (119 * 60, "119 min", "1:59:00"),
        (125 * 60, "2 h 5 min", "2:05:00"),
        (30 * 3600, "30 h 0 min", "30:00:00"),
    ],
)
def test_times_in_words(seconds: float, said: str, told: str) -> None:
    assert (duration(seconds), clock(seconds)) == (said, told)
