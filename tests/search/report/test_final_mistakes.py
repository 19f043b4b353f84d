"""Stored answers on test as pictures. tests/e2e/test_finalize.py runs the command on a real final evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from search.data.dataset import Dataset
from search.errors import BadInput
from search.models.answers import packed
from search.models.deployed import of_network
from search.models.original_data import open_images
from search.models.sources import Source, open_source
from search.report.final_mistakes import mistakes_on_test
from search.settings.search import Settings


@pytest.fixture
def source(settings: Settings) -> Source:
    return open_source("scratch/0", settings)


@pytest.fixture
def dataset(source: Source, settings: Settings) -> Dataset:
    return open_images(source, settings)


def scores(labels: Any, predictions: Any) -> dict[str, Any]:
    return {"test_answers": packed(labels, predictions), "test_f1_macro": 0.5, "seed": 3}


def test_wrong_are_the_stored_answers_with_the_images_of_the_test_split(source: Source, dataset: Dataset) -> None:
    arrays = dataset.arrays("test", 32)
    answers = arrays.labels.copy()
    answers[[2, 5]] = (answers[[2, 5]] + 1) % 3
    found, read = mistakes_on_test("scratch-0", source, dataset, scores(arrays.labels, answers), "cpu")
    probabilities = of_network(source.network, source.description, torch.device("cpu")).run(arrays.images[[2, 5]])
    expected = sorted(
        ((float(probabilities[place, answers[row]]), row) for place, row in enumerate((2, 5))), reverse=True
    )
    assert [each.probability for each in found.wrong] == pytest.approx([probability for probability, _ in expected])
    rows = [row for _, row in expected]
    assert [each.file for each in found.wrong] == [dataset.examples("test")[row].name for row in rows]
    assert [(each.given, each.answer) for each in found.wrong] == [(arrays.labels[row], answers[row]) for row in rows]
    assert np.array_equal(read([each.row for each in found.wrong]), arrays.images[rows])
    assert (found.confusion.sum(), found.confusion.trace()) == (9, 7)
    assert found.title.startswith("Mistakes of scratch-0 on the test images of ")
    assert "trained with seed 3" in found.facts[0]
    assert "its test score would be too high" in found.facts[1]


def test_no_wrong_answer(source: Source, dataset: Dataset) -> None:
    labels = dataset.arrays("test", 32).labels
    found, _ = mistakes_on_test("scratch-0", source, dataset, scores(labels, labels), "cpu")
    assert found.wrong == ()


def test_answers_about_other_images_are_refused(source: Source, dataset: Dataset) -> None:
    labels = dataset.arrays("test", 32).labels[:-1]
    with pytest.raises(BadInput, match="not those that scratch-0 answered"):
        mistakes_on_test("scratch-0", source, dataset, scores(labels, labels), "cpu")
