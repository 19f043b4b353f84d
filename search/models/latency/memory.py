"""`python -m search.models.latency.memory MODEL.onnx BATCH`: the memory that a model and a batch add to a process.

It prints the peak resident memory minus the memory of the interpreter and the libraries, in 2**20 bytes. On a system
other than Linux it prints nothing. It needs a new process, because a process that has run other models reuses their
memory.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime

STATUS = Path("/proc/self/status")


def peak_memory_mb(model: Path, batch: int) -> float | None:
    """Measure in a new process; None if the system does not support it."""
    command = [sys.executable, "-m", "search.models.latency.memory", str(model.resolve()), str(batch)]
    home = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", check=True)
    return float(done.stdout) if done.stdout.strip() else None


def main(model: str, batch: int) -> None:
    if not STATUS.exists():
        return
    before = _resident("VmRSS")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    session.run(None, {taken.name: np.zeros((batch, *taken.shape[1:]), dtype=np.uint8)})
    print((_resident("VmHWM") - before) / 2**10)


def _resident(name: str) -> int:
    """In units of 2**10 bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
