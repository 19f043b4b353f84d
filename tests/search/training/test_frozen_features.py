"""Training above features that are kept, against training of the whole network."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.array_cache import ArrayCache
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.training.evaluation import TrainingResult
from search.training.frozen_features import FrozenFeatures, ImageInputs, inputs_for
from search.training.plan import TrainingData
from tests import training
from tests.training import FileCheckpoint, evaluate

CPU = torch.device("cpu")
SIZE = 32
RECIPE = Recipe(epochs=3, batch_size=8, frozen_stages=1, frozen_views=2, augmentation=0.5, ema_decay=0.9)


def make_network(seed: int = 0, cut: str = "layer2.0", **head: Any) -> Network:
    torch.manual_seed(seed)
    kind = {"kind": "pool_linear", "dropout": 0.2, **head}
    return build(
        EliminatedSpecification(
            backbone="test_resnet", image_size=SIZE, classes=3, cut=cut, head=HeadSpecification.model_validate(kind)
        )
    )


def make_arrays(count: int = 24, seed: int = 0) -> Arrays:
    """Noise that is brighter from class to class."""
    labels = np.arange(count) % 3
    noise = np.random.default_rng(seed).integers(0, 90, (count, SIZE, SIZE, 3)) + 80 * labels[:, None, None, None]
    return Arrays(noise.astype(np.uint8), labels, f"{count} {seed}")


@pytest.fixture
def kept(tmp_path: Path) -> ArrayCache:
    return ArrayCache(tmp_path / "features", 10**9)


def run(recipe: Recipe, kept: ArrayCache | None, network: Network | None = None, **options: Any) -> TrainingResult:
    options = {"pretrained": True, "features": kept, **options}
    return training.run(network or make_network(), recipe, make_arrays(), make_arrays(12, seed=1), **options)


def files(kept: ArrayCache) -> list[str]:
    return sorted(path.name for path in kept.folder.glob("*.npy"))


@pytest.mark.parametrize("frozen", [1, 2])
def test_without_augmentation_it_is_the_training_of_the_whole_network(kept: ArrayCache, frozen: int) -> None:
    """Features of views are rounded to float16, and nothing else differs."""
    recipe = RECIPE.model_copy(update={"augmentation": 0.0, "frozen_stages": frozen})
    ours, whole = run(recipe, kept), run(recipe, None)
    assert len(files(kept)) == 2
    for left, right in zip(ours.epochs, whole.epochs, strict=True):
        assert left.train_loss == pytest.approx(right.train_loss, rel=2e-3)
        assert left.validation_loss == pytest.approx(right.validation_loss, rel=2e-3)
    for (name, left), right in zip(ours.network.state_dict().items(), whole.network.state_dict().values(), strict=True):
        torch.testing.assert_close(left, right, rtol=2e-2, atol=2e-3, msg=name)


def test_the_whole_network_scores_what_its_features_scored(kept: ArrayCache) -> None:
    result = run(RECIPE, kept)
    whole = evaluate(result.network, make_arrays(12, seed=1), CPU, 8)
    np.testing.assert_allclose(whole.logits, result.validation.logits, rtol=1e-4, atol=1e-5)
    assert result.network.specification == make_network().specification


def test_resumes_bit_for_bit(kept: ArrayCache, tmp_path: Path) -> None:
    straight = run(RECIPE, kept)
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    calls = itertools.count()
    with pytest.raises(Interrupted, match="epoch 3 of 3"):
        run(RECIPE, kept, checkpoint=checkpoint, interrupted=lambda: next(calls) >= 2 * (3 + 2) + 1)
    resumed = run(RECIPE, ArrayCache(tmp_path / "elsewhere", 10**9), checkpoint=checkpoint)
    assert [row.train_loss for row in resumed.epochs] == [row.train_loss for row in straight.epochs]
    ours, theirs = resumed.network.state_dict(), straight.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def inputs(
    recipe: Recipe, kept: ArrayCache, network: Network | None = None, arrays: Arrays | None = None
) -> ImageInputs:
    network = (network or make_network()).freeze_stages(recipe.frozen_stages)
    data = TrainingData(arrays or make_arrays(), make_arrays(12, seed=1), kept)
    return inputs_for(network, recipe, data, CPU)


def test_epochs_take_the_views_in_turn(kept: ArrayCache) -> None:
    source = inputs(RECIPE, kept)
    assert isinstance(source, FrozenFeatures)

    def epoch(number: int) -> torch.Tensor:
        order = torch.Generator().manual_seed(0)
        return torch.cat([features for features, _ in source.epoch(number, order, 0)])

    assert torch.equal(epoch(1), epoch(3))
    assert torch.equal(epoch(2), epoch(4))
    assert not torch.equal(epoch(1), epoch(2))


@pytest.mark.parametrize(
    ("change", "new"),
    [
        ({"learning_rate": 0.1, "epochs": 9, "augmentation": 0.6}, 0),  # 0.6 is 0.5 in quarters
        ({"augmentation": 0.7}, 1),
        ({"flip": False}, 1),
        ({"frozen_views": 3}, 1),
        ({"frozen_stages": 2}, 2),
        ({"augmentation": 0.0}, 1),
    ],
)
def test_features_are_computed_anew_only_where_they_differ(kept: ArrayCache, change: dict[str, Any], new: int) -> None:
    inputs(RECIPE, kept)
    assert len(files(kept)) == 2
    inputs(RECIPE.model_copy(update=change), kept)
    assert len(files(kept)) == 2 + new


@pytest.mark.parametrize(
    ("network", "arrays", "new"),
    [
        (make_network(cut="layer3.0", kind="conv1x1", width=8), make_arrays(), 0),
        (make_network(seed=1), make_arrays(), 2),
        (make_network(), make_arrays(seed=2), 1),
    ],
    ids=["another cut and head", "other weights", "other images"],
)
def test_networks_share_features_of_the_same_frozen_part(
    kept: ArrayCache, network: Network, arrays: Arrays, new: int
) -> None:
    first = make_network()
    if new == 0:
        state = {name: value for name, value in first.state_dict().items() if name.startswith("trunk")}
        network.load_state_dict(state, strict=False)
    inputs(RECIPE, kept, first)
    inputs(RECIPE, kept, network, arrays)
    assert len(files(kept)) == 2 + new


@pytest.mark.parametrize("change", [{"frozen_views": None}, {"frozen_stages": 0}])
def test_nothing_is_kept_for_a_recipe_that_does_not_ask_for_it(kept: ArrayCache, change: dict[str, Any]) -> None:
    assert type(inputs(RECIPE.model_copy(update=change), kept)) is ImageInputs
    assert not kept.folder.exists()


def test_where_features_cannot_be_kept_images_are_trained_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        results = [run(RECIPE, ArrayCache(tmp_path / "file", 10**9)) for _ in range(2)]
    assert len(results[0].epochs) == 3
    assert [record.message for record in caplog.records] == [
        f"frozen stages are computed in each epoch: {tmp_path / 'file'}: File exists"
    ]


def test_features_beyond_float16_are_not_kept(kept: ArrayCache, caplog: pytest.LogCaptureFixture) -> None:
    network = make_network()
    with torch.no_grad():
        network.trunk.backbone.layer1[0].bn2.weight.fill_(1e7)  # type: ignore[union-attr, index]
    assert type(inputs(RECIPE, kept, network)) is ImageInputs
    assert "do not fit float16" in caplog.text
    assert files(kept) == []


def test_is_interrupted_while_features_are_computed(kept: ArrayCache) -> None:
    with pytest.raises(Interrupted, match="features of the frozen stages"):
        run(RECIPE, kept, interrupted=lambda: True)
    assert files(kept) == []
