"""Measuring the latency of a model: the exported model in ONNX Runtime, and the network in eager PyTorch.

A measurement times a forward pass on decoded images in memory. A single image is the case of a device that processes
one image after the other, a batch is the case of a server. Eager PyTorch on a single image measures the overhead of
calling operators rather than the network; it is included because people ask for it.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import EliminatedSpecification, ScratchSpecification
from search.models.classifier import Images
from search.models.deployed import Deployed
from search.models.formats.onnx_session import INPUT, open_session
from search.models.formats.onnx_tracing import trace_onnx
from search.models.latency.memory import peak_memory_mb
from search.models.latency.runs import BATCH, LatencyRun, Measurement
from search.models.latency.timing import FEWEST_RUNS, WARM_UP_SHARE, spend, timed
from search.system.hardware import cores

BATCHES = (1, BATCH)
QUICK_SECONDS = 0.2
QUICK_TRIES = 3


def measure_network(network: Network, test_pictures: int | None, seconds: float) -> LatencyRun:
    """All measurements of a network on this machine; each takes `seconds`, plus a fifth for the warm-up."""
    size = network.specification.image_size
    deployed = Deployed(network).eval()
    with tempfile.TemporaryDirectory(prefix="elimnet-latency-") as folder:
        path = Path(folder) / "model.onnx"
        trace_onnx(deployed, size, path)
        measurements = [*_onnxruntime(path, size, seconds), *_pytorch(deployed, size, seconds)]
        model_mb = path.stat().st_size / 1e6
    return LatencyRun.of(measurements, image_size=size, model_mb=model_mb, test_pictures=test_pictures)


def measure_onnx(path: Path, size: int, test_pictures: int | None, seconds: float) -> LatencyRun:
    """The measurements of an exported file, which PyTorch cannot run."""
    measurements = list(_onnxruntime(path, size, seconds))
    model_mb = path.stat().st_size / 1e6
    return LatencyRun.of(measurements, image_size=size, model_mb=model_mb, test_pictures=test_pictures)


def latency_ms(specification: EliminatedSpecification | ScratchSpecification, limit: float) -> float:
    """A quick measurement of `LatencyRun.latency_ms`, with random weights, to compare with `limit`.

    Other work on the machine can only add to a latency. So a latency over the limit is measured again, and the lowest
    counts. The result is cached for each network; dropout makes no difference.
    """
    head = specification.head.model_copy(update={"dropout": 0.0})
    return _latency_ms(specification.model_copy(update={"head": head}), limit)


@lru_cache(maxsize=512)
def _latency_ms(specification: EliminatedSpecification | ScratchSpecification, limit: float) -> float:
    with tempfile.TemporaryDirectory(prefix="elimnet-latency-") as folder:
        path = Path(folder) / "model.onnx"
        trace_onnx(Deployed(build(specification)).eval(), specification.image_size, path)
        run = _session(path, specification.image_size, batch=1, threads=1)
        least = float("inf")
        for _ in range(QUICK_TRIES):
            least = min(least, timed(run, QUICK_SECONDS)[0])
            if least <= limit:
                break
        return least


def _threads() -> list[int]:
    return sorted({1, cores()})


def _images(size: int, batch: int) -> Images:
    return np.random.default_rng(0).integers(0, 256, (batch, 3, size, size), dtype=np.uint8)


def _session(path: Path, size: int, batch: int, threads: int) -> Callable[[], object]:
    session, taken = open_session(path, threads), {INPUT: _images(size, batch)}
    return lambda: session.run(None, taken)


def _onnxruntime(path: Path, size: int, seconds: float) -> Iterator[Measurement]:
    for batch in BATCHES:
        memory = peak_memory_mb(path, batch)
        for threads in _threads():
            median, p90, runs = timed(_session(path, size, batch, threads), seconds)
            yield Measurement(
                runtime="onnxruntime",
                device="cpu",
                batch=batch,
                threads=threads,
                median_ms=median,
                p90_ms=p90,
                runs=runs,
                peak_memory_mb=memory if threads == 1 else None,
            )


@torch.inference_mode()
def _pytorch(deployed: Deployed, size: int, seconds: float) -> list[Measurement]:
    measurements = []
    deployed = deployed.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for batch in BATCHES:
        images = torch.from_numpy(_images(size, batch)).contiguous(memory_format=torch.channels_last)
        for threads in _threads():
            with _limited(threads):
                median, p90, runs = timed(lambda images=images: deployed(images), seconds)  # type: ignore[misc]
            measurements.append(
                Measurement(
                    runtime="pytorch",
                    device="cpu",
                    batch=batch,
                    threads=threads,
                    median_ms=median,
                    p90_ms=p90,
                    runs=runs,
                )
            )
    if torch.cuda.is_available():
        measurements += [_on_gpu(deployed.cuda(), size, batch, seconds) for batch in BATCHES]
        deployed.cpu()
    return measurements


def _on_gpu(deployed: Deployed, size: int, batch: int, seconds: float) -> Measurement:
    """Timed by events on the device, so that work of the host does not count."""
    images = torch.from_numpy(_images(size, batch)).cuda().contiguous(memory_format=torch.channels_last)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    taken: list[float] = []

    def run() -> None:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        deployed(images)
        end.record()
        end.synchronize()
        taken.append(begin.elapsed_time(end))

    spend(run, seconds * WARM_UP_SHARE, FEWEST_RUNS)
    taken.clear()
    spend(run, seconds, FEWEST_RUNS)
    return Measurement(
        runtime="pytorch",
        device="cuda",
        batch=batch,
        threads=None,
        median_ms=statistics.median(taken),
        p90_ms=float(np.quantile(taken, 0.9)),
        runs=len(taken),
        peak_memory_mb=(torch.cuda.max_memory_allocated() - before) / 2**20,
    )


@contextmanager
def _limited(threads: int) -> Iterator[None]:
    """Run PyTorch's operators with this number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
