from __future__ import annotations

import numpy as np
import pytest
import torch

from blocks.anatomy import anatomy
from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.data.arrays import Arrays
from search.data.augmentation import to_unit
from search.errors import Interrupted
from search.profile import features
from search.profile.features import pooled_features

SIZE = 32
CPU = torch.device("cpu")


@pytest.fixture
def arrays() -> Arrays:
    random = np.random.default_rng(0)
    return Arrays(random.integers(0, 256, (10, SIZE, SIZE, 3), dtype=np.uint8), np.arange(10) % 3)


def network_of(backbone: str, module: str | None) -> Network:
    """The backbone cut after `module`, from the same random weights and batch statistics for every module."""
    shape = {"backbone": backbone, "image_size": SIZE, "classes": 3, "mean": (0.3, 0.4, 0.5), "std": (0.1, 0.2, 0.3)}
    original = HeadSpecification(kind="original")
    torch.manual_seed(0)
    whole = build(EliminatedSpecification(cut=None, head=original, **shape))
    for name, buffer in whole.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_()
    state = whole.trunk.get_submodule("backbone").state_dict()
    head = HeadSpecification() if module else original
    return build(EliminatedSpecification(cut=module, head=head, **shape), state)


@pytest.mark.parametrize("backbone", ["test_efficientnet", "test_resnet", "test_vit3", "test_convnext"])
def test_every_cut_is_pooled_as_the_network_that_is_cut_there_would(backbone: str, arrays: Arrays) -> None:
    cuts = anatomy(backbone, SIZE).cuts
    pooled, labels = pooled_features(network_of(backbone, None), cuts, arrays, CPU)
    assert pooled.dtype == np.float32
    assert pooled.shape == (10, sum(cut.channels for cut in cuts))
    assert labels.tolist() == arrays.labels.tolist()
    columns = np.split(pooled, np.cumsum([cut.channels for cut in cuts])[:-1], axis=1)
    images = to_unit(torch.from_numpy(arrays.images))
    for cut, feature in zip(cuts, columns, strict=True):
        alone = network_of(backbone, cut.module).eval()
        with torch.no_grad():
            expected = alone.trunk((images - alone.mean) / alone.std)[-1].mean((2, 3))
        np.testing.assert_allclose(feature, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_backbone_that_is_cut_at_the_deepest_of_the_cuts_will_do(arrays: Arrays) -> None:
    cuts = anatomy("test_resnet", SIZE).cuts[:2]
    whole, _ = pooled_features(network_of("test_resnet", None), cuts, arrays, CPU)
    cut, _ = pooled_features(network_of("test_resnet", cuts[-1].module), cuts, arrays, CPU)
    np.testing.assert_allclose(cut, whole, rtol=1e-5, atol=1e-6)


def test_of_a_large_split_the_same_images_are_taken_for_every_backbone(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts = anatomy("test_resnet", SIZE).cuts[:1]
    network = network_of("test_resnet", None)
    everything, _ = pooled_features(network, cuts, arrays, CPU)
    monkeypatch.setattr(features, "MOST_IMAGES", 4)
    monkeypatch.setattr(features, "BATCH_SIZE", 3)
    some, labels = pooled_features(network, cuts, arrays, CPU)
    again, _ = pooled_features(network, cuts, arrays, CPU)
    rows = [int(np.abs(everything - row).sum(axis=1).argmin()) for row in some]
    assert rows == sorted(set(rows))
    assert len(rows) == 4
    assert labels.tolist() == arrays.labels[rows].tolist()
    np.testing.assert_array_equal(some, again)


def test_leaves_the_network_as_it_was(arrays: Arrays) -> None:
    network = network_of("test_resnet", None)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    pooled_features(network, anatomy("test_resnet", SIZE).cuts, arrays, CPU)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_stops_when_it_is_asked_to(arrays: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "BATCH_SIZE", 5)
    network, cuts = network_of("test_resnet", None), anatomy("test_resnet", SIZE).cuts
    answers = iter([False, True])
    with pytest.raises(Interrupted):
        pooled_features(network, cuts, arrays, CPU, lambda: next(answers))


def test_a_long_pass_says_now_and_then_how_far_it_is(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(features, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(features, "BATCH_SIZE", 4)
    caplog.set_level("INFO", logger="search")
    cuts = anatomy("test_resnet", SIZE).cuts[:1]
    pooled_features(network_of("test_resnet", cuts[0].module), cuts, arrays, CPU)
    assert caplog.messages == [f"depth profile: {number} of 10 images" for number in (0, 4, 8)]
