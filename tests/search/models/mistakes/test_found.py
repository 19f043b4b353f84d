from __future__ import annotations

import numpy as np

from search.models.mistakes.found import Mistake, wrong_answers


def test_wrong_answers_come_with_the_most_confident_first() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.75, 0.25], [0.375, 0.625], [0.875, 0.125], [0.25, 0.75]], dtype=np.float32)
    found = wrong_answers(["a", "b", "c", "d"], labels, probabilities.argmax(axis=1), probabilities)
    assert found == (Mistake(2, "c", 1, 0, 0.875, 0.125), Mistake(1, "b", 0, 1, 0.625, 0.375))


def test_equal_confidence_keeps_the_order_of_the_images() -> None:
    labels, probabilities = np.zeros(20, dtype=np.int64), np.full((20, 2), [0.25, 0.75], dtype=np.float32)
    found = wrong_answers(list("abcdefghijklmnopqrst"), labels, np.ones(20, dtype=np.int64), probabilities)
    assert [each.row for each in found] == list(range(20))


def test_no_wrong_answer() -> None:
    assert wrong_answers(["a"], np.array([1]), np.array([1]), np.array([[0.2, 0.8]], dtype=np.float32)) == ()
