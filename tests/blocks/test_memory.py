from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from timm.layers.std_conv import ScaledStdConv2d
from torch import Tensor, nn

from blocks import memory
from blocks.build import build
from blocks.graph import Graph, Operation, graph_of
from blocks.memory import activations_in_order, best_order, least_activations, memory_of
from blocks.network import Network, Trunk
from blocks.specification import Activation, EliminatedSpecification, ScratchSpecification, StageSpecification
from tests.networks import tiny_network


def scratch(*stages: StageSpecification, image_size: int = 16, stem: int = 8) -> Network:
    specification = ScratchSpecification(image_size=image_size, classes=3, stem_channels=stem, stages=stages)
    return build(specification)


def inverted(activation: Activation = "relu6", stride: int = 1) -> StageSpecification:
    block = {"block": "inverted_residual_v2", "expansion": 6, "channels": 8}
    return StageSpecification.model_validate({**block, "activation": activation, "stride": stride})


class Module(Trunk):
    """A trunk that is one function of the image."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> list[Tensor]:
        result: Tensor = self.module(x)
        return [result]


def kinds(module: nn.Module, image_size: int = 8) -> list[tuple[str, int]]:
    """The operations of a module between the normalisation and the head, and the elements that each writes."""
    network = tiny_network()
    network.trunk, network.head = Module(module), nn.Identity()
    graph = graph_of(network, image_size)
    return [(each.kind, sum(graph.elements[number] for number in each.writes)) for each in graph.operations[2:]]


def test_memory_written_out() -> None:
    # tests/networks.py: stem 3 -> 6 of stride 2, convolution 6 -> 8 of stride 2, depthwise 8 and 1x1 8 -> 12, linear.
    network = tiny_network()
    weights = 3 * 6 * 9 + 6 * 8 * 9 + 8 * 9 + 8 * 12 + 12 * 3 + 6  # and mean and deviation of the input
    channels = 6 + 8 + 8 + 12 + 3
    needed = memory_of(network, 16)
    assert needed.flash_bytes == weights + 8 * channels
    assert needed.flash_float_bytes == 4 * (weights + channels)
    # The image of 16 px with a border of 1, written from the image.
    assert needed.activation_bytes == 3 * 16**2 + 3 * 18**2
    assert needed.ram_bytes == needed.activation_bytes + 8 * channels


def test_an_inverted_residual_keeps_its_input_beside_both_hidden_maps() -> None:
    needed = memory_of(scratch(inverted()), 16)  # 8 channels of 8 px, 48 hidden ones
    assert needed.activation_bytes == 8**2 * (8 + 48 + 48)


def test_a_stride_of_two_needs_a_padded_copy() -> None:
    needed = memory_of(scratch(inverted(stride=2)), 16)
    assert needed.activation_bytes == 8**2 * 48 + 10**2 * 48


def test_padding_of_tensorflow_needs_none() -> None:
    specification = EliminatedSpecification(
        backbone="tf_efficientnet_lite0", cut="blocks.1.0", image_size=32, classes=3
    )
    graph = graph_of(build(specification), 32)
    assert not [each for each in graph.operations if "pad" in each.kind]
    # 96 hidden channels, 16 px before and 8 px after the convolution of stride 2.
    assert least_activations(graph) == 96 * (16**2 + 8**2)


@pytest.mark.parametrize(
    ("activation", "most"),
    [
        ("relu", 8 + 48 + 48),
        ("relu6", 8 + 48 + 48),
        ("hard_swish", 8 + 48 + 48),  # an operation of its own, and the map before it is not needed any more
        ("silu", 8 + 48 + 48 + 48),  # the map, its sigmoid, and their product
    ],
)
def test_activations(activation: Activation, most: int) -> None:
    assert memory_of(scratch(inverted(activation)), 16).activation_bytes == 8**2 * most


class Padded(nn.Module):
    """Pads, then convolves."""

    def __init__(self, pads: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.pads = pads
        self.convolution = nn.Conv2d(3, 4, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.convolution(nn.functional.pad(x, self.pads))
        return result


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU6()), [("convolution + relu6", 256)]),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True)), [("convolution + relu", 256)]),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.ReLU6()), [("convolution + relu", 256), ("relu6", 256)]),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.Hardtanh()), [("convolution", 256), ("hardtanh", 256)]),
        (nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()), [("batch_norm + relu", 192)]),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.5), nn.Flatten()), [("convolution", 256)]),
        (nn.Conv2d(3, 4, 3, padding=1), [("convolution", 256)]),
        (nn.Conv2d(3, 4, 3, padding=1, stride=2), [("constant_pad_nd", 3 * 10 * 10), ("convolution", 64)]),
        (nn.Conv2d(3, 4, 3, padding=2), [("constant_pad_nd", 3 * 12 * 12), ("convolution", 400)]),
        (nn.Conv2d(3, 4, 3, padding=2, dilation=2), [("convolution", 256)]),
        (ScaledStdConv2d(3, 4, 1), [("convolution", 256)]),
        (nn.MaxPool2d(3, 2, 1), [("constant_pad_nd", 3 * 10 * 10), ("max_pool2d_with_indices", 48)]),
        (nn.MaxPool2d(2), [("max_pool2d_with_indices", 48)]),
        (nn.AvgPool2d(2), [("avg_pool2d", 48)]),
        (Padded((0, 1, 0, 1)), [("convolution", 64)]),
        (Padded((1, 0, 1, 0)), [("constant_pad_nd", 3 * 9 * 9), ("convolution", 64)]),
    ],
)
def test_what_is_one_operation(module: nn.Module, expected: list[tuple[str, int]]) -> None:
    assert kinds(module) == expected


class Branches(nn.Module):
    """A convolution that is read twice, so nothing can become a part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.convolution(x)
        return features + torch.relu(features)


def test_what_another_operation_reads_is_written() -> None:
    assert kinds(Branches()) == [("convolution", 256), ("relu", 256), ("add", 256)]


class Shared(nn.Module):
    """One convolution, used twice, and one that nothing reads."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 1, bias=False)
        self.idle = nn.Conv2d(3, 100, 1)

    def forward(self, x: Tensor) -> Tensor:
        self.idle(x)
        result: Tensor = self.convolution(self.convolution(x))
        return result


def test_a_weight_counts_once_and_what_is_not_read_does_not() -> None:
    network = tiny_network()
    network.trunk, network.head = Module(Shared()), nn.Identity()
    assert memory_of(network, 8).flash_bytes == 9 + 6 + 8 * (3 + 3)


def test_a_standardised_weight_is_a_weight() -> None:
    network = tiny_network()
    network.trunk, network.head = Module(ScaledStdConv2d(3, 4, 3, padding=1)), nn.Identity()
    assert memory_of(network, 8).flash_bytes == 3 * 4 * 9 + 6 + 8 * 4


def test_counting_leaves_the_network_as_it_was() -> None:
    network = tiny_network().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    needed = memory_of(network, 16)
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert memory_of(tiny_network().to("meta"), 16) == needed


def graph(*operations: tuple[tuple[int, ...], int], elements: tuple[int, ...]) -> Graph:
    """Operations as (what is read, what is written); the last tensor is the answer."""
    made = tuple(Operation("", reads, (write,), {}) for reads, write in operations)
    return Graph(made, dict(enumerate(elements)), (len(elements) - 1,))


def test_the_branch_that_leaves_less_runs_first() -> None:
    # Two branches from 10 elements: over 50 to 40, and over 100 to 1. Which comes first decides what lies beside them.
    branches = graph(((0,), 1), ((1,), 2), ((0,), 3), ((3,), 4), ((2, 4), 5), elements=(10, 50, 40, 100, 1, 1))
    assert activations_in_order(branches) == 10 + 40 + 100
    assert best_order(branches) == (10 + 100 + 1, (2, 3, 0, 1, 4))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 6))
    operations = []
    for place in range(count):
        sources = st.sets(st.integers(0, place), min_size=1, max_size=2)
        operations.append(((*sorted(draw(sources)),), place + 1))
    sizes = draw(st.lists(st.integers(1, 9), min_size=count + 1, max_size=count + 1))
    return graph(*operations, elements=tuple(sizes))


def every_order(given_graph: Graph) -> Iterator[Graph]:
    for order in permutations(given_graph.operations):
        written = {0}
        for each in order:
            if not written.issuperset(each.reads):
                break
            written.update(each.writes)
        else:
            yield Graph(order, given_graph.elements, given_graph.answers)


def peak(ordered: Graph) -> int:
    """By its definition: what is read later, or is being read or written, is in memory."""
    most = 0
    for place, operation in enumerate(ordered.operations):
        before = {0}.union(*(each.writes for each in ordered.operations[:place]))
        later = {read for each in ordered.operations[place:] for read in each.reads} | set(ordered.answers)
        written_for_nothing = before - later
        assert not [number for number in written_for_nothing if number in operation.reads]
        most = max(most, sum(ordered.elements[number] for number in (before & later) | set(operation.writes)))
    return most


@given(graphs())
def test_no_order_needs_less(drawn: Graph) -> None:
    read = {read for each in drawn.operations for read in each.reads}
    answers = tuple(number for number in drawn.elements if number not in read)  # so that nothing is written for nothing
    drawn = Graph(drawn.operations, drawn.elements, answers)
    assert activations_in_order(drawn) == peak(drawn)
    least, order = best_order(drawn)
    assert least == least_activations(drawn) == min(map(peak, every_order(drawn)))
    ordered = tuple(drawn.operations[place] for place in order)
    assert peak(Graph(ordered, drawn.elements, drawn.answers)) == least


def test_a_network_of_too_many_orders_gets_the_peak_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    branches = graph(((0,), 1), ((1,), 2), ((0,), 3), ((3,), 4), ((2, 4), 5), elements=(10, 50, 40, 100, 1, 1))
    monkeypatch.setattr(memory, "MOST_STATES", 2)
    assert least_activations(branches) == activations_in_order(branches) == 10 + 40 + 100
