"""A model as it is used: decoded images in, probabilities out, whatever runs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from search.models.description import ModelDescription
from search.system.hardware import cores

BATCH_SIZE = 16  # on a CPU larger ones are slower: what a layer hands to the next leaves the cache
BATCHES_AHEAD = 2  # for each thread: done, or being worked on, before they are asked for

Batch = TypeVar("Batch")
Result = TypeVar("Result")

Images = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """A model that is loaded.

    run             uint8 (N, S, S, 3), RGB -> float32 (N, classes), of one batch
    prepare_thread  what a thread of `by_threads` calls first, so that it runs the model on one core; None where the
                    model has one thread anyway, as under ONNX Runtime
    """

    description: ModelDescription
    run: Callable[[Images], Probabilities]
    prepare_thread: Callable[[], object] | None = None

    def probabilities(self, images: Images) -> Probabilities:
        """uint8 (N, S, S, 3) -> float32 (N, classes), in batches on all cores."""
        batches = [images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE)]
        return np.concatenate(list(self.by_threads(lambda batch: self.run(np.asarray(batch)), batches)))

    def by_threads(self, work: Callable[[Batch], Result], batches: Sequence[Batch]) -> Iterator[Result]:
        """`work` of each batch, in order, by a thread for each core, each of which runs the model on that core alone.

        So no thread ever waits for another within a layer, which costs most where networks are small or cores are busy.
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
