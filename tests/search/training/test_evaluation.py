from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from blocks.network import Network
from search.data.arrays import Arrays
from search.statistics.confusion import f1_macro
from tests.training import evaluate

MakeNetwork = Callable[..., Network]
MakeArrays = Callable[..., Arrays]


def test_f1_macro_written_out() -> None:
    labels, predictions = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 1])
    # Class 0: precision 2/2, recall 2/3. Class 1: 2/4, 2/2. Class 2 is never predicted.
    expected = (2 * 1 * (2 / 3) / (1 + 2 / 3) + 2 * 0.5 * 1 / (0.5 + 1) + 0) / 3
    assert f1_macro(labels, predictions) == pytest.approx(expected)


def test_evaluation_agrees_with_itself(make_network: MakeNetwork, make_arrays: MakeArrays, cpu: torch.device) -> None:
    network, arrays = make_network(), make_arrays(5, 6, 7)
    evaluation = evaluate(network, arrays, cpu, batch_size=4)
    images = torch.from_numpy(arrays.images).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        logits = network.eval()(images)
    np.testing.assert_allclose(evaluation.logits, logits.numpy(), rtol=1e-4, atol=1e-5)
    assert evaluation.loss == pytest.approx(functional.cross_entropy(logits, torch.from_numpy(arrays.labels)).item())
    assert evaluation.predictions.tolist() == logits.argmax(dim=1).tolist()
    assert evaluation.accuracy == np.mean(evaluation.predictions == arrays.labels)
    assert evaluation.confusion.sum(axis=1).tolist() == [5, 6, 7]
    assert evaluation.confusion.trace() == round(18 * evaluation.accuracy)
    assert evaluation.f1_macro == pytest.approx(evaluation.f1_per_class.mean())


def test_evaluation_covers_classes_that_are_not_there(
    make_network: MakeNetwork, make_arrays: MakeArrays, cpu: torch.device
) -> None:
    evaluation = evaluate(make_network(), make_arrays(5, 6), cpu, batch_size=4)
    assert evaluation.confusion.shape == (3, 3)
    assert evaluation.f1_per_class.shape == (3,)


def test_evaluation_leaves_batch_statistics_alone(
    make_network: MakeNetwork, make_arrays: MakeArrays, cpu: torch.device
) -> None:
    network = make_network().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    evaluate(network, make_arrays(5, 6, 7), cpu, batch_size=4)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
