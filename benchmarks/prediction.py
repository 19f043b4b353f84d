"""Images per second of `search.predict`, compared with a plain loop over single images.

    python -m benchmarks.prediction --data FOLDER [--json]

Both loops read the same files and classify with the same network, on the CPU, in turns, so other work on the machine
affects both. The plain loop (`user's`) opens an image with Pillow, resizes it and converts it to a tensor with
torchvision's transforms, and runs the network on all cores, one image at a time. Ours is the loop of `search.predict`,
see `search.models.image_files`. The rate of decoding alone, with as many threads as ours, is its upper limit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

from benchmarks.images import write_images
from benchmarks.rates import environment
from blocks.build import build
from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.models.classifier import Classifier
from search.models.description import InputDescription, ModelDescription
from search.models.formats.onnx_tracing import through_onnx
from search.models.image_files import classify, image_files
from search.system.commands import exit_with_status

NETWORK = EliminatedSpecification(backbone="tf_efficientnet_lite0", cut="blocks.3.2", classes=6, image_size=128)
MAX_PIXELS = 100_000_000
TARGET = 5.0
SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True)
class Result:
    """Images per second, one value per turn."""

    images: int
    ours: tuple[float, ...]
    users: tuple[float, ...]
    decoding: float

    @property
    def ratio(self) -> float:
        """Median of ours divided by the median of the plain loop."""
        return statistics.median(self.ours) / statistics.median(self.users)


def our_rate(classifier: Classifier, files: Sequence[Path]) -> float:
    """Images per second of the loop of `search.predict`."""
    started = time.perf_counter()
    classified = sum(len(answers.files) for answers in classify(classifier, files, MAX_PIXELS))
    assert classified == len(files)
    return classified / (time.perf_counter() - started)


@torch.inference_mode()
def user_rate(network: torch.nn.Module, size: int, files: Sequence[Path]) -> float:
    """Images per second of a plain loop, as torchvision's documentation suggests."""
    transform = v2.Compose([v2.Resize((size, size)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    started = time.perf_counter()
    for path in files:
        with Image.open(path) as image:
            pixels = transform(image.convert("RGB"))
        network(pixels[None]).softmax(dim=1).argmax(dim=1).item()
    return len(files) / (time.perf_counter() - started)


def measure(files: Sequence[Path], repeats: int) -> Result:
    """Measure both loops in turns, and decoding alone."""
    torch.manual_seed(0)
    network = build(NETWORK).eval()
    taken = InputDescription(image_size=NETWORK.image_size, fit="stretch")
    names = tuple(map(str, range(NETWORK.classes)))
    # Only these fields are used here; an untrained network has no others.
    description = ModelDescription.model_construct(network=NETWORK, classes=names, input=taken)  # type: ignore[call-arg]
    ours = through_onnx(network, description)
    nothing = Classifier(description, lambda images: np.zeros((len(images), len(names)), dtype=np.float32))
    few = files[: len(files) // 10 + 1]
    our_rate(ours, few)
    user_rate(network, NETWORK.image_size, few)
    turns = [(our_rate(ours, files), user_rate(network, NETWORK.image_size, files)) for _ in range(repeats)]
    return Result(
        images=len(files),
        ours=tuple(rate for rate, _ in turns),
        users=tuple(rate for _, rate in turns),
        decoding=our_rate(nothing, files),
    )


def describe(result: Result) -> str:
    """The result as text."""
    ours, users = statistics.median(result.ours), statistics.median(result.users)
    pairs = [our / user for our, user in zip(result.ours, result.users, strict=True)]
    network = f"{NETWORK.backbone} to {NETWORK.cut}, {NETWORK.image_size} px"
    return f"""{network}, {result.images:,} images, {len(pairs)} turns
  ours    {ours:,.0f} images/s; decoding alone {result.decoding:,.0f}
  user's  {users:,.0f} images/s, one by one
  ratio   {result.ratio:.2f} of the medians ({min(pairs):.2f} to {max(pairs):.2f} of the turns)
          target on two CPU cores {TARGET:g}: {"reached" if result.ratio >= TARGET else "missed"}"""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prediction", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of images (default: generated JPEG files)")
    parser.add_argument("--images", type=int, default=600, help="number of images (default: 600)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each loop (default: 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name} {getattr(options, name)}: expected at least {least}"
        for name, least in (("images", 10), ("repeats", 1))
        if getattr(options, name) < least
    ]
    if problems:
        raise BadInput("arguments", problems)
    with tempfile.TemporaryDirectory() as made_up:
        if options.data is None:
            write_images(Path(made_up), classes=6, images=options.images)
        found = [path for path in image_files([options.data or Path(made_up)]) if path.suffix.lower() in SUFFIXES]
        result = measure(found[:: max(1, len(found) // options.images)][: options.images], options.repeats)
    around = environment(torch.device("cpu"))
    if options.json:
        print(json.dumps({"environment": around, **asdict(result), "ratio": result.ratio}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in around.items()))
        print(describe(result))


if __name__ == "__main__":
    exit_with_status(main)
