from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import ScratchSpecification, StageSpecification
from search.data.dataset import Dataset, open_dataset
from search.errors import BadInput, NotProven
from search.models.agreement import Agreement, compare
from search.models.deployed import CPU, of_network
from search.models.formats.int8 import RANGES
from search.models.quantizing import Proof, best_of, write_int8
from search.models.sources import Source
from search.settings.search import Settings

NETWORK = ScratchSpecification(
    image_size=32, classes=3, stem_channels=8, stages=(StageSpecification(block="conv", channels=8, stride=2),)
)


@pytest.fixture
def dataset(settings: Settings) -> Dataset:
    return open_dataset(settings.data, settings.cache_dir, image_sizes=[32], progress=False)


def classifier_of(network: Network) -> torch.nn.Linear:
    found = network.head.classifier
    assert isinstance(found, torch.nn.Linear)
    return found


def nearest_centroid(dataset: Dataset) -> Network:
    """A random trunk, whose first feature is always 0, and a head that tells the nearest mean of a class's features."""
    torch.manual_seed(0)
    network = build(NETWORK).eval()
    *_, last = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    train = dataset.arrays("train", 32)
    with torch.no_grad():
        last.weight[0] = last.bias[0] = 0
        images = torch.tensor(train.images).permute(0, 3, 1, 2) / 255
        maps = network.trunk((images - network.mean) / network.std)
        features, labels = maps[-1].mean(dim=(2, 3)), torch.from_numpy(train.labels)
        means = torch.stack([features[labels == label].mean(dim=0) for label in range(3)])
        classifier_of(network).weight.copy_(means)
        classifier_of(network).bias.copy_(-means.square().sum(dim=1) / 2)
        assert features[:, 0].abs().max() == 0
    return network


def sources(source: Source, dataset: Dataset, network: Network) -> tuple[Source, Proof]:
    description = source.description.model_copy(update={"network": network.specification, "temperature": 1.0})
    arrays = dataset.arrays("validation", 32)
    answers = of_network(network, description, CPU).probabilities(arrays.images)
    return replace(source, network=network, description=description), partial(compare, answers, arrays=arrays)


def test_the_best_ranges_are_written_and_all_scores_are_known(source: Source, dataset: Dataset, tmp_path: Path) -> None:
    mine, proof = sources(source, dataset, nearest_centroid(dataset))
    found = write_int8(mine, "onnx", dataset, tmp_path, proof, max_loss=0.02)
    assert [file.name for file in tmp_path.iterdir()] == [found.file] == ["model.int8.onnx"]
    assert list(found.agreements) == list(RANGES)
    assert found.agreement.f1_original == 1, "a network that can lose"
    assert found.agreement.f1_exported == max(each.f1_exported for each in found.agreements.values())
    assert found.loss == 0
    assert found.calibrated_on == len(dataset.arrays("train", 32))
    assert f"chosen {found.ranges}; calibrated on {found.calibrated_on} training images" in found.scores()


def test_a_model_that_loses_too_much_is_refused_with_the_figures(
    source: Source, dataset: Dataset, tmp_path: Path
) -> None:
    network = nearest_centroid(dataset)
    with torch.no_grad():
        classifier_of(network).weight[:, 0] = 1e9  # of a feature that is always 0
    mine, proof = sources(source, dataset, network)
    with pytest.raises(NotProven) as caught:
        write_int8(mine, "onnx", dataset, tmp_path, proof, max_loss=0.02)
    message = str(caught.value)
    assert "in 8-bit integers, macro F1 on validation is 0.1667, in floats 1.0000: it loses 0.8333" in message
    assert "--max-loss allows 0.02 (macro F1 by ranges: min-max 0.1667, 99.9% 0.1667, 99% 0.1667;" in message
    assert "take another format that quantises, a larger --max-loss, or no --quantize" in message
    assert list(tmp_path.iterdir()) == []
    assert write_int8(mine, "onnx", dataset, tmp_path, proof, max_loss=0.84).loss == pytest.approx(5 / 6)


def agreed(f1: float, same: int, difference: float) -> Agreement:
    return Agreement(images=10, difference=difference, same=same, f1_original=0.9, f1_exported=f1)


@pytest.mark.parametrize(
    ("first", "second"),
    [((0.8, 9, 0.1), (0.7, 10, 0.0)), ((0.8, 9, 0.1), (0.8, 8, 0.0)), ((0.8, 9, 0.1), (0.8, 9, 0.2))],
)
def test_of_equal_scores_the_better_agreement_decides(
    first: tuple[float, int, float], second: tuple[float, int, float]
) -> None:
    for agreements in ({"a": agreed(*first), "b": agreed(*second)}, {"b": agreed(*second), "a": agreed(*first)}):
        assert best_of(agreements) == "a"


def test_a_network_that_cannot_be_quantised_is_refused(
    source: Source, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise NotImplementedError("operator aten::abacus\nfurther lines")

    monkeypatch.setattr("search.models.formats.onnx_int8.trace_onnx", fail)
    mine, proof = sources(source, dataset, source.network)
    with pytest.raises(BadInput) as caught:
        write_int8(mine, "onnx", dataset, tmp_path, proof, max_loss=1)
    (problem,) = caught.value.problems
    assert problem.startswith("onnx cannot quantise this network: operator aten::abacus; try openvino, litert, or")
    assert list(tmp_path.iterdir()) == []
