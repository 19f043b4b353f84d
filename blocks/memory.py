"""The memory that a network needs on a microcontroller, with int8 weights and activations; known before training.

Flash holds the weights. RAM holds activations: an operation needs its inputs and its outputs at the same time (a
residual addition both summands and the sum), and a tensor is kept until the last operation that reads it has ended. No
operation overwrites its input, as in TensorFlow Lite for Microcontrollers; `blocks.graph` says what one operation is.

Where a network has branches, their operations may run in several orders. The order that needs the least is found as in
Liberis & Lane, "Neural networks on microcontrollers: saving memory at inference via operator reordering", 2019.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from blocks.graph import Graph, graph_of
from blocks.network import Network

BIAS_AND_SCALE = 8
"""Bytes in flash for each output channel: its bias (int32) and the scale of its weights (float32)."""
MULTIPLIER_AND_SHIFT = 8
"""Bytes in RAM for each output channel: a runtime prepares two int32 numbers from the scales."""
MOST_STATES = 2000


@dataclass(frozen=True)
class Memory:
    """Bytes, for one image at a time.

    flash_bytes        int8 weights, and for each output channel a bias and a scale (4 bytes each)
    flash_float_bytes  weights and biases as float32
    activation_bytes   the most that int8 activations need at a time, in the best order of the operations
    ram_bytes          activations, and for each output channel a multiplier and a shift (4 bytes each)
    """

    flash_bytes: int
    flash_float_bytes: int
    activation_bytes: int
    ram_bytes: int


def memory_of(network: Network, image_size: int, *, in_place: bool = False) -> Memory:
    """The memory of a network for images of `image_size`. Nothing is computed.

    What a runtime needs besides depends on the device: its code, the description of the graph, the stack.

    in_place  move the network to the meta device instead of a copy, which is quicker and loses its weights
    """
    graph = graph_of(network, image_size, in_place=in_place)
    weights = sum({key: count for each in graph.operations for key, count in each.weights.items()}.values())
    channels = sum(operation.channels for operation in graph.operations)
    activations = least_activations(graph)
    return Memory(
        flash_bytes=weights + BIAS_AND_SCALE * channels,
        flash_float_bytes=4 * (weights + channels),
        activation_bytes=activations,
        ram_bytes=activations + MULTIPLIER_AND_SHIFT * channels,
    )


def activations_in_order(graph: Graph) -> int:
    """The most elements of activations at a time, with the operations in PyTorch's order."""
    orders, done, live, most = _Orders(graph), 0, graph.elements[0], 0
    for place in range(len(graph.operations)):
        at_once, live = orders.run(place, done, live)
        most = max(most, at_once)
        done |= 1 << place
    return most


def least_activations(graph: Graph) -> int:
    """The most elements of activations at a time, in the best order of the operations."""
    return best_order(graph)[0]


def best_order(graph: Graph) -> tuple[int, tuple[int, ...]]:
    """The most elements of activations at a time, and the places of the operations, in the order that needs the least.

    A state is the set of operations that have ended. The search goes on from the state that was reached with the
    lowest peak; so the first that contains all operations has the best order. An operation that frees at least as much
    as it writes, and does not raise the peak, is run at once: to run it later is never better. A network of more than
    2,000 states keeps PyTorch's order.
    """
    orders = _Orders(graph)
    everything = (1 << len(graph.operations)) - 1
    # Of each state: peak, -number of ended operations, which ones, live elements, their order.
    waiting: list[tuple[int, int, int, int, tuple[int, ...]]] = [(0, 0, 0, graph.elements[0], ())]
    seen: set[int] = set()
    while waiting:
        peak, ended, done, live, order = heapq.heappop(waiting)
        if done == everything:
            return peak, order
        if done in seen:
            continue
        seen.add(done)
        if len(seen) > MOST_STATES:
            break
        following = []
        for place in orders.ready(done):
            at_once, left = orders.run(place, done, live)
            state = max(peak, at_once), ended - 1, done | 1 << place, left, (*order, place)
            if at_once <= peak and left <= live:
                following = [state]
                break
            following.append(state)
        for state in following:
            heapq.heappush(waiting, state)
    return activations_in_order(graph), tuple(range(len(graph.operations)))


class _Orders:
    """Sets of operations as bits: which operations can run, and what is live after them."""

    def __init__(self, graph: Graph) -> None:
        self._operations = graph.operations
        self._elements = graph.elements
        self._answers = frozenset(graph.answers)
        written = {number: place for place, each in enumerate(graph.operations) for number in each.writes}
        self._needs = [sum({1 << written[read] for read in each.reads if read in written}) for each in graph.operations]
        self._readers = dict.fromkeys(graph.elements, 0)
        for place, each in enumerate(graph.operations):
            for read in each.reads:
                self._readers[read] |= 1 << place

    def ready(self, done: int) -> Iterator[int]:
        """The operations whose inputs are there."""
        return (place for place, needs in enumerate(self._needs) if not done >> place & 1 and needs & ~done == 0)

    def run(self, place: int, done: int, live: int) -> tuple[int, int]:
        """Elements during and after the operation, where those in `done` have ended and `live` elements are kept."""
        operation = self._operations[place]
        at_once = live + sum(self._elements[number] for number in operation.writes)
        after = done | 1 << place
        freed = [read for read in operation.reads if not self._readers[read] & ~after and read not in self._answers]
        return at_once, at_once - sum(self._elements[read] for read in freed)
