"""Choosing the 8-bit model of an export: one for each way to choose its ranges, and the best on validation."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from search.data.dataset import Dataset
from search.errors import BadInput, NotProven
from search.models.agreement import Agreement
from search.models.classifier import Classifier
from search.models.deployed import Deployed
from search.models.exported import REFUSED
from search.models.formats.int8 import RANGES, calibration_images
from search.models.formats.registry import FORMATS, load_format, load_quantizer
from search.models.sources import Source

Proof = Callable[[Classifier], Agreement]
"""Runs an exported model on the validation images."""


@dataclass(frozen=True)
class Quantized:
    """The 8-bit model of an export.

    file           its file
    ranges         how its ranges were chosen, a key of `RANGES`
    agreements     of the models with all `RANGES`, with the trained network
    calibrated_on  number of training images
    """

    file: str
    ranges: str
    agreements: Mapping[str, Agreement]
    calibrated_on: int

    @property
    def agreement(self) -> Agreement:
        """Of the model that was written."""
        return self.agreements[self.ranges]

    @property
    def loss(self) -> float:
        """How much lower its macro F1 is than that of the trained network."""
        return self.agreement.f1_original - self.agreement.f1_exported

    def scores(self) -> str:
        """The macro F1 of all `RANGES`, and which were chosen."""
        all_of = ", ".join(f"{ranges} {each.f1_exported:.4f}" for ranges, each in self.agreements.items())
        return f"macro F1 by ranges: {all_of}; chosen {self.ranges}; calibrated on {self.calibrated_on} training images"


def best_of(agreements: Mapping[str, Agreement]) -> str:
    """The ranges with the highest macro F1; of equal ones, those that agree best with the trained network."""

    def merit(ranges: str) -> tuple[float, int, float]:
        each = agreements[ranges]
        return each.f1_exported, each.same, -each.difference

    return max(agreements, key=merit)


def write_int8(
    source: Source, format_name: str, dataset: Dataset, folder: Path, proof: Proof, max_loss: float
) -> Quantized:
    """Write the 8-bit model of the format to `folder`, with the ranges that are best on validation.

    Raises NotProven if its macro F1 is lower than that of the trained network by more than `max_loss`, and BadInput if
    the network cannot be quantised.
    """
    chosen, int8 = load_format(format_name), FORMATS[format_name].int8
    assert int8 is not None, f"{format_name} cannot be quantised"
    description = chosen.description(source.description)
    deployed = Deployed(source.network, description.temperature).eval()
    images = calibration_images(dataset.arrays("train", description.input.image_size).images)
    with tempfile.TemporaryDirectory(prefix="elimnet-int8-") as work:
        folders = {ranges: Path(work) / str(number) for number, ranges in enumerate(RANGES)}
        with _refusing(format_name), load_quantizer(format_name)(deployed, description, images) as write:
            for ranges, percentile in RANGES.items():
                folders[ranges].mkdir()
                write(percentile, folders[ranges] / int8.file)
        agreements = {ranges: proof(chosen.open(each / int8.file)) for ranges, each in folders.items()}
        best = Quantized(int8.file, best_of(agreements), agreements, len(images))
        if best.loss > max_loss:
            raise _too_lossy(best, max_loss)
        for file in folders[best.ranges].iterdir():
            shutil.move(file, folder)
    return best


@contextmanager
def _refusing(format_name: str) -> Iterator[None]:
    """Quantisers raise all kinds of exceptions: BadInput in their place."""
    try:
        yield
    except (BadInput, OSError):
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        others = ", ".join(name for name, entry in FORMATS.items() if entry.int8 and name != format_name)
        problem = f"{format_name} cannot quantise this network: {reason}; try {others}, or export without --quantize"
        raise BadInput(REFUSED, [problem]) from error


def _too_lossy(best: Quantized, max_loss: float) -> NotProven:
    lost = (
        f"in 8-bit integers, macro F1 on validation is {best.agreement.f1_exported:.4f}, in floats "
        f"{best.agreement.f1_original:.4f}: it loses {best.loss:.4f}, and --max-loss allows {max_loss:g}"
    )
    advice = "take another format that quantises, a larger --max-loss, or no --quantize"
    return NotProven(f"{REFUSED}:\n  - {lost} ({best.scores()}); {advice}")
