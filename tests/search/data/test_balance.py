from __future__ import annotations

import numpy as np

from search.data.balance import balanced, shares_in_words

SHARES = (0.6, 0.2, 0.2)


def test_units_move_until_the_shares_fit() -> None:
    counts = np.array([[5, 5]] * 20)
    split = balanced(counts, [0] * 20, SHARES)
    assert np.bincount(split).tolist() == [12, 4, 4]


def test_what_fits_stays() -> None:
    start = [0] * 6 + [1] * 2 + [2] * 2
    assert balanced(np.array([[1, 1]] * 10), start, SHARES).tolist() == start


def test_a_class_reaches_every_split_before_shares_count() -> None:
    counts = np.array([[1, 0]] * 100 + [[30, 1]] * 3)
    split = balanced(counts, [0] * 103, SHARES)
    assert sorted(split[-3:].tolist()) == [0, 1, 2]


def test_shares_beside_what_was_wanted() -> None:
    said = shares_in_words({"train": 58, "validation": 42}, {"train": 0.6, "validation": 0.4})
    assert said == "train 58.0% (60%), validation 42.0% (40%)"
