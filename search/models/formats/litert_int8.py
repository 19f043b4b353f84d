"""Quantising LiteRT models to 8-bit integers, from the input to the output, with AI Edge Quantizer.

The input is int8: a pixel minus 128, with scale 1, so that no pixel is rounded. The output is int8: a probability is
(value + 128) / 256.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_quantizer import quantizer as ai_edge
from ai_edge_quantizer import recipe
from torch import Tensor, nn

from blocks.network import Network
from search.models.classifier import Images
from search.models.deployed import Deployed
from search.models.description import ModelDescription
from search.models.formats.int8 import WriteInt8
from search.models.formats.litert import INPUT, MIDDLE, converted, save

Floats = npt.NDArray[np.float32]
_SAMPLED = 4096
"""Values of each tensor that are kept of each image."""


class OfShiftedPixels(nn.Module):
    """float32 (N, 3, S, S), pixels minus 128 -> float32 (N, classes), the probabilities of `Deployed`.

    Scaling and normalisation are one convolution: as integers, each operation rounds its result.
    """

    def __init__(self, network: Network, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature
        self.normalise = nn.Conv2d(3, 3, kernel_size=1, groups=3)
        assert self.normalise.bias is not None
        with torch.no_grad():
            self.normalise.weight.copy_(1 / (255 * network.std).view(3, 1, 1, 1))
            self.normalise.bias.copy_(((MIDDLE / 255 - network.mean) / network.std).view(3))

    def forward(self, shifted: Tensor) -> Tensor:
        logits: Tensor = self.network.head(self.network.trunk(self.normalise(shifted)))
        return torch.softmax(logits if self.temperature == 1 else logits / self.temperature, dim=1)


@contextmanager
def quantizer(deployed: Deployed, description: ModelDescription, calibration: Images) -> Iterator[WriteInt8]:
    """8-bit weights with one scale per channel, 8-bit activations, input and output."""
    size = description.input.image_size
    content = converted(OfShiftedPixels(deployed.network, deployed.temperature).eval(), torch.zeros(1, 3, size, size))
    shifted = calibration.astype(np.float32) - MIDDLE
    values = _Values(content, shifted)

    def write(percentile: float | None, path: Path) -> None:
        made = ai_edge.Quantizer(content, recipe.static_wi8_ai8())
        with warnings.catch_warnings(action="ignore"):  # the quantiser keeps all tensors of an image
            needed = made.calibrate({"serving_default": [{INPUT: shifted[:1]}]}, num_threads=1)
            ranges = {name: values.range(name, percentile) for name in needed}
            result = made.quantize(ranges, enable_progress_report=False)
        save(bytes(result.quantized_model), description, path)

    yield write


class _Values:
    """The values of all tensors of a model in floats, for a few images, float32 (N, S, S, 3)."""

    def __init__(self, content: bytes, images: Floats) -> None:
        interpreter = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
        (taken,) = interpreter.get_input_details()
        self._taken: str = taken["name"]
        self._kept: dict[str, list[Floats]] = {}
        self._ends: dict[str, tuple[float, float]] = {}
        random = np.random.default_rng(0)
        for image in images:
            interpreter.set_tensor(taken["index"], image[None])
            interpreter.invoke()
            for tensor in interpreter.get_tensor_details():
                if tensor["dtype"] == np.float32 and tensor["name"]:
                    self._add(tensor["name"], interpreter.get_tensor(tensor["index"]).ravel(), random)

    def _add(self, name: str, values: Floats, random: np.random.Generator) -> None:
        least, most = self._ends.get(name, (np.inf, -np.inf))
        self._ends[name] = min(least, float(values.min())), max(most, float(values.max()))
        few = values if len(values) <= _SAMPLED else values[random.integers(0, len(values), _SAMPLED)]
        self._kept.setdefault(name, []).append(few.copy())

    def range(self, name: str, percentile: float | None) -> dict[str, Floats]:
        """As AI Edge Quantizer takes it. The range of the input is that of pixels."""
        if name == self._taken:
            ends = (-float(MIDDLE), float(255 - MIDDLE))
        elif percentile is None:
            ends = self._ends[name]
        else:
            outside = (100 - percentile) / 200
            low, high = np.quantile(np.concatenate(self._kept[name]), [outside, 1 - outside])
            ends = (low, high)
        return {"min": np.array([[ends[0]]], np.float32), "max": np.array([[ends[1]]], np.float32)}
