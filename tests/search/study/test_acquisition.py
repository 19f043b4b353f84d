from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from search.study.acquisition import Traits, Tried, worth


def known(parameters: int = 10_000, macs: int = 10**6, **params: Any) -> Traits:
    return Traits(params, parameters, macs)


def line(count: int) -> list[Tried]:
    """Wide networks are better, whatever else they have; all cost ten seconds."""
    random = np.random.default_rng(0)
    widths = random.uniform(0, 1, count)
    return [
        Tried(known(width=width, noise=random.uniform(), kind=str(random.choice(["a", "b"]))), 0.9 * width, 10.0)
        for width in widths
    ]


def test_what_promises_more_is_worth_more() -> None:
    history = line(40)
    proposals = [known(width=width, noise=0.5, kind="a") for width in (0.1, 0.5, 0.99)]
    tried = [one for one in history if one.traits.params["width"] < 0.8]
    worths = worth(tried, [], proposals, seed=0)
    assert int(np.argmax(worths)) == 2
    assert worths[0] < worths[2] / 4


def test_the_same_gain_for_less_time_is_worth_more() -> None:
    history = [Tried(known(macs=macs * 10**6), 0.5, 1.0 * macs) for macs in (1, 2, 4, 8)]
    cheap, dear = worth(history, [], [known(1000, 10**6), known(1000, 8 * 10**6)], seed=0)
    assert cheap == pytest.approx(8 * dear)


def test_a_smaller_network_as_good_as_known_gains_its_share_of_the_log_scale() -> None:
    history = [Tried(known(100_000), 0.5, 2.0)] * 4
    (gain,) = worth(history, [], [known(10_000)], seed=0)
    assert gain == pytest.approx(0.5 * (5 - 4) / (7 - 3) / 2.0)


def test_what_another_worker_is_at_gains_nothing_more() -> None:
    history = [Tried(known(100_000), 0.5, 2.0)] * 4
    assert worth(history, [known(10_000)], [known(10_000)], seed=0)[0] == pytest.approx(0)


def test_what_was_stopped_teaches_and_is_on_no_front() -> None:
    history = [Tried(known(100_000, kind="a"), 0.5, 2.0)] * 4 + [Tried(known(10_000, kind="b"), 0.2, None)] * 4
    good, bad = worth(history, [], [known(20_000, kind="a"), known(20_000, kind="b")], seed=0)
    assert 0 < bad < good
    (more,) = worth(history, [], [known(5_000, kind="b")], seed=0)
    assert more > 0


def test_parameters_that_only_some_have_are_told_from_all_values() -> None:
    history = [Tried(known(repeats=n) if n else known(), 0.8 if n else 0.1, 1.0) for n in (0, 1, 2, 3) * 5]
    with_it, without = worth([*history[:1], *history[4:5]], [], [known(900, repeats=2), known(900)], seed=0)
    assert with_it == without, "nobody has it yet"
    with_it, without = worth(history, [], [known(900, repeats=2), known(900)], seed=0)
    assert with_it > without


def test_nothing_is_known_before_anything_has_finished() -> None:
    with pytest.raises(ValueError, match="nothing has finished"):
        worth([Tried(known(), 0.5, None)], [], [known()], seed=0)


def test_the_same_seed_says_the_same() -> None:
    proposals = [known(width=width, noise=0.1, kind="a") for width in np.linspace(0, 1, 9)]
    once, again = (worth(line(12), [], proposals, seed=3) for _ in range(2))
    assert np.array_equal(once, again)
    assert all(math.isfinite(value) for value in once)
