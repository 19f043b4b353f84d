from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from search.study.acquisition import MACS_A_PIXEL, Proposal, Traits, Tried, enough, work, worth


def known(parameters: int = 10_000, macs: int = 10**6, **params: Any) -> Traits:
    return Traits(params, parameters, macs)


def finished(traits: Traits, f1_macro: float, seconds: float | None = None) -> Tried:
    """A candidate that was trained alone, in an epoch, or an exit of another's training where no seconds are given."""
    return Tried(traits, f1_macro, finished=True, work=None if seconds is None else (float(traits.macs), seconds))


def alone(*networks: Traits) -> list[Proposal]:
    """Trainings of one network each."""
    return [Proposal([network], float(network.macs)) for network in networks]


def line(count: int) -> list[Tried]:
    """Wide networks are better, whatever else they have; all cost ten seconds."""
    random = np.random.default_rng(0)
    widths = random.uniform(0, 1, count)
    return [
        finished(known(width=width, noise=random.uniform(), kind=str(random.choice(["a", "b"]))), 0.9 * width, 10.0)
        for width in widths
    ]


def test_what_promises_more_is_worth_more() -> None:
    history = line(40)
    proposals = alone(*(known(width=width, noise=0.5, kind="a") for width in (0.1, 0.5, 0.99)))
    tried = [one for one in history if one.traits.params["width"] < 0.8]
    worths = worth(tried, [], proposals, seed=0)
    assert int(np.argmax(worths)) == 2
    assert worths[0] < worths[2] / 4


def test_the_same_gain_for_less_time_is_worth_more() -> None:
    history = [finished(known(macs=macs * 10**6), 0.5, 1.0 * macs) for macs in (1, 2, 4, 8)]
    cheap, dear = worth(history, [], alone(known(1000, 10**6), known(1000, 8 * 10**6)), seed=0)
    assert cheap == pytest.approx(8 * dear)


def test_a_smaller_network_as_good_as_known_gains_its_share_of_the_log_scale() -> None:
    history = [finished(known(100_000), 0.5, 2.0)] * 4
    (gain,) = worth(history, [], alone(known(10_000)), seed=0)
    assert gain == pytest.approx(0.5 * (5 - 4) / (7 - 3) / 2.0)


def test_what_another_worker_is_at_gains_nothing_more() -> None:
    history = [finished(known(100_000), 0.5, 2.0)] * 4
    assert worth(history, [known(10_000)], alone(known(10_000)), seed=0)[0] == pytest.approx(0)


def test_what_was_stopped_teaches_and_is_on_no_front() -> None:
    history = [finished(known(100_000, kind="a"), 0.5, 2.0)] * 4 + [Tried(known(10_000, kind="b"), 0.2)] * 4
    good, bad = worth(history, [], alone(known(20_000, kind="a"), known(20_000, kind="b")), seed=0)
    assert 0 < bad < good
    (more,) = worth(history, [], alone(known(5_000, kind="b")), seed=0)
    assert more > 0


def test_parameters_that_only_some_have_are_told_from_all_values() -> None:
    history = [finished(known(repeats=n) if n else known(), 0.8 if n else 0.1, 1.0) for n in (0, 1, 2, 3) * 5]
    with_it, without = worth([*history[:1], *history[4:5]], [], alone(known(900, repeats=2), known(900)), seed=0)
    assert with_it == without, "nobody has it yet"
    with_it, without = worth(history, [], alone(known(900, repeats=2), known(900)), seed=0)
    assert with_it > without


def test_nothing_is_known_before_anything_has_finished() -> None:
    with pytest.raises(ValueError, match="nothing has finished"):
        worth([Tried(known(), 0.5)], [], alone(known()), seed=0)


def test_the_same_seed_says_the_same() -> None:
    proposals = alone(*(known(width=width, noise=0.1, kind="a") for width in np.linspace(0, 1, 9)))
    once, again = (worth(line(12), [], proposals, seed=3) for _ in range(2))
    assert np.array_equal(once, again)
    assert all(math.isfinite(value) for value in once)


def test_a_training_of_several_networks_gains_what_they_gain_together() -> None:
    history = [finished(known(100_000), 0.5, 2.0)] * 4
    small, smaller = known(10_000), known(1000)
    one, other, both = worth(
        history, [], [*alone(small, smaller), Proposal([smaller, small], float(small.macs))], seed=0
    )
    assert one < other == pytest.approx(both), "the smaller one is as good, so the other adds nothing to it"
    history = [finished(known(100_000, depth=2), 0.5, 2.0), finished(known(2000, depth=1), 0.2, 2.0)] * 4
    deep, shallow = known(50_000, depth=2), known(1000, depth=1)
    proposals = [*alone(deep, shallow), Proposal([shallow, deep], float(deep.macs))]
    one, other, both = worth(history, [], proposals, seed=0)
    assert max(one, other) < both <= (one + other) * (1 + 1e-9)


def test_the_work_of_a_training_decides_how_long_it_takes() -> None:
    history = [finished(known(macs=macs * 10**6), 0.5, 1.0 * macs) for macs in (1, 2, 4, 8)]
    network = known(1000, 10**6)
    short, long = worth(history, [], [Proposal([network], 1e6), Proposal([network], 8e6)], seed=0)
    assert short == pytest.approx(8 * long)


def test_exits_teach_f1_and_not_seconds() -> None:
    alone_four = [finished(known(), 0.5, 2.0)] * 4
    with_exits = [*alone_four, *[finished(known(), 0.5)] * 4]
    assert worth(with_exits, [], alone(known(1000)), seed=0) == pytest.approx(
        worth(alone_four, [], alone(known(1000)), seed=0)
    )
    assert enough(with_exits)
    assert not enough([finished(known(), 0.5)] * 4), "nobody knows how long a training takes"


def test_an_image_costs_something_however_few_macs_a_network_has() -> None:
    assert work(0, 64, 2) == 2 * MACS_A_PIXEL * 64**2
    assert work(1000, 64, 1) - work(0, 64, 1) == 1000
