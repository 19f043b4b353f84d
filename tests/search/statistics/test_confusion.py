from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from search.statistics.confusion import confusion_matrix, f1_macro, f1_per_class, macro_f1


def test_f1_of_a_matrix_that_can_be_counted_by_hand() -> None:
    true, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 2])
    confusion = confusion_matrix(true, predicted, 4)
    assert confusion.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    # 2 TP / (true + predicted): class 0 is 3 times true and 2 times predicted, class 1 2 and 2, class 2 0 and 1
    assert f1_per_class(confusion).tolist() == [2 * 2 / (3 + 2), 2 * 1 / (2 + 2), 0, 0]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_scikit_learn_counts_the_same(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.array(pairs).T
    every = np.arange(5)
    confusion = confusion_matrix(true, predicted, 5)
    assert np.array_equal(confusion, metrics.confusion_matrix(true, predicted, labels=every))
    expected = metrics.f1_score(true, predicted, labels=every, average=None, zero_division=0)
    assert f1_per_class(confusion) == pytest.approx(expected)
    macro = metrics.f1_score(true, predicted, average="macro", zero_division=0)
    assert macro_f1(confusion) == f1_macro(true, predicted) == pytest.approx(macro, abs=1e-15)
    there = metrics.f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
    assert macro_f1(confusion, np.isin(every, true)) == pytest.approx(there, abs=1e-15)
