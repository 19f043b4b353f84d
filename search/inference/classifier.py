"""A model as it is used: decoded pictures in, probabilities out, whatever runs it.

Everything but decoding is inside: pixels of 0..255 are scaled and normalised, and softmax is taken, by the network that
is exported. So no user of it can get that wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from blocks.network import Network
from search.device import memory_format
from search.machine import cores
from search.models import ModelDescription

BATCH_SIZE = 16  # on a CPU larger ones are slower: what a layer hands to the next leaves the cache
BATCHES_AHEAD = 2  # for each thread: done, or being worked on, before they are asked for

Batch = TypeVar("Batch")
Result = TypeVar("Result")

Pictures = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


class Deployed(nn.Module):
    """uint8 (N, 3, S, S), RGB -> float32 (N, classes), probabilities that sum to 1."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return torch.softmax(self.network(pictures.float() / 255), dim=1)


@dataclass(frozen=True)
class Classifier:
    """A model that is loaded. `run`: uint8 (N, S, S, 3), RGB -> float32 (N, classes), of one batch."""

    description: ModelDescription
    run: Callable[[Pictures], Probabilities]

    def probabilities(self, pictures: Pictures) -> Probabilities:
        """uint8 (N, S, S, 3) -> float32 (N, classes), in batches on all cores."""
        batches = [pictures[start : start + BATCH_SIZE] for start in range(0, len(pictures), BATCH_SIZE)]
        return np.concatenate(list(by_threads(lambda batch: self.run(np.asarray(batch)), batches)))


def by_threads(work: Callable[[Batch], Result], batches: Sequence[Batch]) -> Iterator[Result]:
    """`work` of each batch, in order, by a thread for each core, each of which runs its network on that core alone.

    So no thread ever waits for another within a layer, which costs most where networks are small or cores are busy.
    """
    threads = cores()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        started: deque[Future[Result]] = deque()
        for number in range(len(batches)):
            for batch in batches[number + len(started) : number + 1 + threads * BATCHES_AHEAD]:
                started.append(pool.submit(work, batch))
            yield started.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def of_network(network: Network, description: ModelDescription, device: torch.device) -> Classifier:
    """The network itself, in PyTorch on `device`."""
    deployed = Deployed(network).eval().to(device).to(memory_format=memory_format(device))  # type: ignore[call-overload]
    return Classifier(description, of_module(deployed, device))


def of_module(module: Callable[[Tensor], Tensor], device: torch.device) -> Callable[[Pictures], Probabilities]:
    """`Classifier.run` of a module that takes and gives what `Deployed` does."""

    @torch.inference_mode()
    def run(pictures: Pictures) -> Probabilities:
        batch = torch.tensor(pictures, device=device).permute(0, 3, 1, 2)
        probabilities: Probabilities = module(batch).cpu().numpy()
        return probabilities

    return run
