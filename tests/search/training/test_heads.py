"""Heads in a batch against the loop that trains them one by one."""

from __future__ import annotations

import copy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.array_cache import ArrayCache
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.training.heads import Head, train_heads
from tests.training import run

CPU = torch.device("cpu")
SIZE, CLASSES, VIEWS = 32, 3, 2


def make_network(dropout: float, seed: int) -> Network:
    """One trunk for all, and a head of its own."""
    head = HeadSpecification(kind="pool_linear", dropout=dropout)
    specification = EliminatedSpecification(
        backbone="test_resnet", image_size=SIZE, classes=CLASSES, cut="layer2.0", head=head
    )
    torch.manual_seed(0)
    network = build(specification)
    torch.manual_seed(seed)
    network.head.classifier.reset_parameters()  # type: ignore[union-attr, operator]
    return network


def make_images(count: int, seed: int) -> Arrays:
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(seed).integers(0, 90, (count, SIZE, SIZE, 3)) + 80 * labels[:, None, None, None]
    return Arrays(noise.astype(np.uint8), labels, f"{count} {seed}")


@pytest.mark.parametrize("balance", ["none", "weights", "sampling"])
def test_each_head_is_what_it_is_when_trained_alone(tmp_path: Path, balance: str) -> None:
    common: dict[str, Any] = {"epochs": 3, "batch_size": 8, "frozen_stages": 2, "frozen_views": VIEWS}
    own = [(0.01, 0.0, 0.0, 0), (0.1, 0.1, 0.3, 1), (1.0, 0.5, 0.0, 1)]  # the last one's gradients are clipped
    images, validation = make_images(26, 0), make_images(12, 1)
    kept = ArrayCache(tmp_path, 10**9)
    heads, alone = [], []
    for rate, decay, dropout, seed in own:
        recipe = Recipe(**common, learning_rate=rate, weight_decay=decay, class_balance=balance)
        network = make_network(dropout, seed)
        heads.append(Head(copy.deepcopy(network.head.classifier), recipe, dropout, seed))  # type: ignore[arg-type]
        alone.append(run(network, recipe, images, validation, seed=seed, pretrained=True, features=kept))
    views, unchanged = (np.load(path) for path in sorted(tmp_path.glob("*.npy"), key=lambda path: -path.stat().st_size))
    assert views.shape[0] == VIEWS * 26
    together = train_heads(
        heads, Arrays(views, np.tile(images.labels, VIEWS)), Arrays(unchanged, validation.labels), CPU, VIEWS
    )
    for head, ours, theirs in zip(heads, together, alone, strict=True):
        layer = theirs.network.head.classifier
        torch.testing.assert_close(head.layer.weight, layer.weight, rtol=1e-3, atol=1e-4)  # type: ignore[union-attr]
        torch.testing.assert_close(head.layer.bias, layer.bias, rtol=1e-3, atol=1e-4)  # type: ignore[union-attr]
        assert ours is not None
        np.testing.assert_allclose(ours.evaluation.logits, theirs.validation.logits, rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(ours.evaluation.confusion, theirs.validation.confusion)
        for row, expected in zip(ours.epochs, theirs.epochs, strict=True):
            clock = {"seconds", "images_per_second"}
            want = {name: value for name, value in asdict(expected).items() if name not in clock}
            assert {name: asdict(row)[name] for name in want} == pytest.approx(want, rel=1e-4)


def test_a_head_whose_loss_is_not_finite_has_no_result_and_the_others_have() -> None:
    features = Arrays(np.ones((8, 2), np.float16), np.arange(8) % 2)
    rates = (1e38, 0.01)
    heads = [Head(nn.Linear(2, 2), Recipe(epochs=2, weight_decay=1.0), 0.0, 0) for _ in rates]
    # Settings refuse such a rate, and nothing smaller is lost within two epochs.
    heads = [
        replace(head, recipe=head.recipe.model_copy(update={"learning_rate": rate}))
        for head, rate in zip(heads, rates, strict=True)
    ]
    lost, sound = train_heads(heads, features, features, CPU)
    assert lost is None
    assert sound is not None


def test_heads_are_interrupted_before_the_next_step() -> None:
    features = Arrays(np.ones((8, 2), np.float16), np.arange(8) % 2)
    calls = iter([False, False, True])
    with pytest.raises(Interrupted, match="while 1 heads were trained"):
        train_heads([Head(nn.Linear(2, 2), Recipe(epochs=9), 0.0, 0)], features, features, CPU, 1, lambda: next(calls))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 4}, "may differ only in learning_rate, weight_decay"),
        ({"optimizer": "sgd"}, "by AdamW, without an average"),
        ({"ema_decay": 0.9}, "by AdamW, without an average"),
        ({"distillation": 0.5}, "or a teacher"),
    ],
)
def test_what_is_not_done_together_is_refused(change: dict[str, Any], message: str) -> None:
    recipe = Recipe(epochs=3)
    changed = recipe.model_copy(update=change)
    recipes = [recipe, changed] if "epochs" in change else [changed]
    features = Arrays(np.zeros((4, 2), np.float16), np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match=message):
        train_heads([Head(nn.Linear(2, 2), one, 0.0, 0) for one in recipes], features, features, CPU)
