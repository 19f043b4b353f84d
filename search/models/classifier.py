"""A loaded model: decoded images in, probabilities out, in any runtime."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from search.models.description import ModelDescription
from search.system.hardware import cores

if TYPE_CHECKING:  # PyTorch: an exported ONNX model is used without it
    from blocks.network import Network

BATCH_SIZE = 16  # larger batches are slower on a CPU: activations no longer fit into its cache
BATCHES_AHEAD = 2  # per thread: batches that are started before their results are needed

Batch = TypeVar("Batch")
Result = TypeVar("Result")

Images = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """A loaded model.

    run             uint8 (N, S, S, 3), RGB -> float32 (N, classes), for one batch
    prepare_thread  called first by each thread of `by_threads`, so that it runs the model on one core; None if the
                    model uses one thread anyway, as in ONNX Runtime
    network         the network behind `run`, which shows where it looks; None for an exported graph
    answer_file     a picture's file -> float32 (1, classes), for an export that decodes and resizes pictures itself
                    besides; raises RuntimeError for what it cannot decode
    """

    description: ModelDescription
    run: Callable[[Images], Probabilities]
    prepare_thread: Callable[[], object] | None = None
    network: Network | None = None
    answer_file: Callable[[bytes], Probabilities] | None = None

    def probabilities(self, images: Images) -> Probabilities:
        """uint8 (N, S, S, 3) -> float32 (N, classes), in batches on all cores."""
        batches = [images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE)]
        return np.concatenate(list(self.by_threads(lambda batch: self.run(np.asarray(batch)), batches)))

    def by_threads(self, work: Callable[[Batch], Result], batches: Sequence[Batch]) -> Iterator[Result]:
        """The results of `work` for all batches, in order. One thread per core runs the model on that core alone.

        No thread waits for another thread within a layer; such waits cost most if networks are small or cores busy.
        """
        threads = cores()
        pool = ThreadPoolExecutor(threads, initializer=self.prepare_thread)
        try:
            started: deque[Future[Result]] = deque()
            for number in range(len(batches)):
                for batch in batches[number + len(started) : number + 1 + threads * BATCHES_AHEAD]:
                    started.append(pool.submit(work, batch))
                yield started.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
