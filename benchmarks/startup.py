"""The time of each command to show its help, to refuse wrong input, and to give a first result.

    python -m benchmarks.startup [--checkout FOLDER] [--repeats 5] [--json]

Each number is the median over several processes: wall-clock seconds and, in brackets, CPU seconds. Other work on the
machine increases wall-clock time, but hardly CPU time. `python -c pass` is the lower bound for any Python program.
`--checkout` measures another version of this program, in its folder, with the same Python.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks.images import write_images
from benchmarks.rates import environment
from blocks.build import build
from blocks.specification import EliminatedSpecification
from search.__main__ import COMMANDS
from search.errors import BadInput
from search.models.deployed import Deployed
from search.models.description import InputDescription, Metrics, ModelDescription, Provenance
from search.models.formats.onnx import FORMAT as ONNX
from search.system.commands import exit_with_status, positive

HERE = Path(__file__).parents[1]
NETWORK = EliminatedSpecification(backbone="tf_efficientnet_lite0", cut="blocks.3.2", classes=2, image_size=128)
TARGETS = {"--help": 0.6, "refused option": 0.6, "refused setting": 0.6, "first answer": 1.5}
NEEDED = {
    "report": ["--pareto"],
    "export": ["scratch/0", "--format", "onnx"],
    "predict": ["scratch/0", "image.jpg"],
    "evaluate": ["scratch/0", "folder"],
    "latency": ["scratch/0"],
    "backup": ["search.zip"],
    "restore": ["search.zip"],
    "cuts": ["resnet18"],
}
SETTING = {"report": ["--config", "missing.yaml"], "cuts": ["--classes", "1"]}  # these two have no --set


@dataclass(frozen=True)
class Line:
    """Medians of one command line, in seconds; `asked` is a key of `TARGETS`, or empty for plain Python."""

    command: str
    asked: str
    wall: float
    cpu: float


def asked_of(name: str) -> dict[str, tuple[list[str], int]]:
    """Command lines that do no work: arguments and expected exit status, by the keys of `TARGETS`."""
    needed = NEEDED.get(name, [])
    return {
        "--help": (["--help"], 0),
        "refused option": ([*needed, "--no-such-option"], 2),
        "refused setting": ([*needed, *SETTING.get(name, ["--set", "nosuch=1"])], 2),
    }


def timed(arguments: Sequence[str], expected: int, checkout: Path, repeats: int) -> tuple[float, float]:
    """Median (wall-clock, CPU) seconds of Python with these arguments.

    Raises BadInput if the exit status is not `expected`.
    """
    wall, cpu = [], []
    for _ in range(repeats):
        before, started = os.times(), time.perf_counter()
        done = subprocess.run([sys.executable, *arguments], cwd=checkout, capture_output=True, text=True, check=False)
        wall.append(time.perf_counter() - started)
        after = os.times()  # Windows does not report the times of child processes
        cpu.append(after.children_user + after.children_system - before.children_user - before.children_system)
        if done.returncode != expected:
            ended = f"python {' '.join(arguments)}: exited with {done.returncode}, expected {expected}"
            raise BadInput(f"{checkout} cannot be measured", [ended, *done.stderr.splitlines()[-3:]])
    return statistics.median(wall), statistics.median(cpu)


def export_network(folder: Path) -> Path:
    """Export the network with random weights to ONNX, with the description of a trained model."""
    classes = tuple(f"class_{index}" for index in range(NETWORK.classes))
    nothing = tuple(0.0 for _ in classes)
    metrics = Metrics(
        split="validation", f1_macro=0.0, accuracy=0.0, f1_per_class=nothing, parameters=0, macs=0,
        confusion=tuple(tuple(0 for _ in classes) for _ in classes),
    )  # fmt: skip
    counts = {split: dict.fromkeys(classes, 1000) for split in ("train", "validation", "test")}
    provenance = Provenance(
        study="benchmark/none", trial=0, seed=0, initial_weights="random", recipe={}, data={"counts": counts},
        metrics=metrics, device="cpu", seconds=0.0, versions={},
    )  # fmt: skip
    taken = InputDescription(image_size=NETWORK.image_size, fit="stretch")
    description = ModelDescription(
        network=NETWORK, classes=classes, input=taken, provenance=provenance, weights_sha256=""
    )
    file = folder / "model.onnx"
    ONNX.write(Deployed(build(NETWORK)).eval(), ONNX.description(description), file)
    return file


def measure(checkout: Path, repeats: int, said: Callable[[str], object]) -> Iterator[Line]:
    """Measure plain Python, then each command's help and refusals, then first results. `said` gets progress lines."""
    yield Line("python -c pass", "", *timed(["-c", "pass"], 0, checkout, repeats))
    for name, command in COMMANDS.items():
        module = command.main.__module__.removesuffix(".__main__")
        for asked, (arguments, status) in asked_of(name).items():
            said(f"{module}: {asked}")
            yield Line(module, asked, *timed(["-m", module, *arguments], status, checkout, repeats))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        model = str(export_network(folder))
        write_images(folder / "pictures", classes=NETWORK.classes, images=NETWORK.classes)
        first = next((folder / "pictures").rglob("*.jpg"))
        answers = {"search.predict": str(first), "search.evaluate": str(folder / "pictures")}
        for module, images in answers.items():
            said(f"{module}: first answer")
            yield Line(module, "first answer", *timed(["-m", module, model, images], 0, checkout, repeats))


def describe(lines: Sequence[Line]) -> str:
    """A table with a row for each command, and a line for each target."""
    python, rest = lines[0], lines[1:]
    cells = {(line.command, line.asked): f"{line.wall:.2f} ({line.cpu:.2f})" for line in rest}
    longest = max(len(line.command) for line in lines)
    table = [
        (f"{command:{longest}}" + "".join(f"{cells.get((command, asked), ''):>16}" for asked in TARGETS)).rstrip()
        for command in dict.fromkeys(line.command for line in rest)
    ]
    heading = " " * longest + "".join(f"{asked:>16}" for asked in TARGETS)
    verdicts = [_verdict(asked, [line for line in rest if line.asked == asked]) for asked in TARGETS]
    alone = f"{python.command:{longest}} {python.wall:.2f} ({python.cpu:.2f})"
    return "\n".join([alone, heading, *table, *verdicts])


def _verdict(asked: str, lines: Sequence[Line]) -> str:
    wall, cpu, target = max(line.wall for line in lines), max(line.cpu for line in lines), TARGETS[asked]
    reached = "reached" if wall <= target else "reached in CPU time only" if cpu <= target else "missed"
    return f"{asked}: at most {wall:.2f} s ({cpu:.2f} CPU); target {target:g}: {reached}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--checkout", type=Path, default=HERE, metavar="FOLDER", help="version to measure (default: this one)"
    )
    parser.add_argument("--repeats", type=positive, default=5, metavar="N", help="processes per number (default: 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(arguments)
    if not (options.checkout / "search" / "__init__.py").is_file():  # otherwise an installed version would be measured
        raise BadInput("arguments", [f"--checkout {options.checkout}: contains no package search"])
    lines = list(measure(options.checkout, options.repeats, lambda line: print(line, file=sys.stderr, flush=True)))
    around = environment(torch.device("cpu"))
    if options.json:
        print(json.dumps({"environment": around, "lines": [asdict(line) for line in lines]}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in around.items()))
        print(describe(lines))


if __name__ == "__main__":
    exit_with_status(main)
