"""Single-image latency of exported models, each in the runtime of its format, in turns on the same machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from search.models.classifier import Classifier
from search.models.latency.runs import this_machine
from search.models.latency.timing import Timing, timed_in_turns
from search.system.hardware import warned_of_other_work

THREADS = 1
"""All formats are opened so that one image runs on one thread."""

SECONDS = 1.0


@dataclass(frozen=True)
class ExportLatencies:
    """Measured when a model was exported: of each of its files, on this machine, which was `busy` or not."""

    runtime: str
    machine: str
    busy: bool
    files: Mapping[str, Timing]

    @property
    def where(self) -> str:
        """Runtime, threads and machine, for people."""
        return f"{self.runtime}, {THREADS} thread, on {self.machine}{'; measured while busy' * self.busy}"


def latencies_of(runtime: str, models: Mapping[str, Classifier], seconds: float = SECONDS) -> ExportLatencies:
    """Measure the files of one export, of which `models` has the classifiers."""
    busy = warned_of_other_work()
    timings = measure_exports(list(models.values()), seconds)
    return ExportLatencies(runtime, this_machine().name, busy, dict(zip(models, timings, strict=True)))


def measure_exports(classifiers: Sequence[Classifier], seconds: float) -> list[Timing]:
    """Milliseconds from a decoded image, uint8 (1, S, S, 3), to its probabilities: `seconds` for each, in turns.

    They run in a thread of their own, because PyTorch would use the other cores in the main thread.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_measure, classifiers, seconds).result()


def _measure(classifiers: Sequence[Classifier], seconds: float) -> list[Timing]:
    for classifier in classifiers:
        if classifier.prepare_thread:
            classifier.prepare_thread()
    return timed_in_turns([_one_image(classifier) for classifier in classifiers], seconds)


def _one_image(classifier: Classifier) -> Callable[[], object]:
    size = classifier.description.input.image_size
    image = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    return lambda: classifier.run(image)
