"""LiteRT (TensorFlow Lite): `model.tflite`, channels last, for one image at a time.

A zip archive at the end of the file has `labels.txt`, as with TensorFlow Lite's own metadata, and the description.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.exported import description_in, not_whole
from search.models.formats.beside import LABELS_FILE, labels
from search.models.formats.contract import Format
from search.models.formats.sessions import Predict, one_by_one
from search.models.formats.snippet import EXTRA_FILE, image_line

if TYPE_CHECKING:
    from torch import Tensor, nn

    from search.models.deployed import Deployed

INPUT, OUTPUT = "args_0", "output_0"
MIDDLE = 128
"""An 8-bit model takes a pixel minus this, and returns 256 times a probability minus this."""


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    """Convert the network. It takes half a minute or more."""
    from search.models.deployed import example_input  # noqa: PLC0415 - PyTorch

    save(converted(deployed, example_input(description.input.image_size)[:1]), description, path)


def converted(module: nn.Module, example: Tensor) -> bytes:
    """The content of a file for a module whose input has the shape of `example`, (1, 3, S, S), and its type."""
    with warnings.catch_warnings(action="ignore"):
        import litert_torch  # noqa: PLC0415 - PyTorch

        from search.models.formats.channels_last import ChannelsLast  # noqa: PLC0415
        from search.models.formats.padding import with_fixed_padding  # noqa: PLC0415

        last = ChannelsLast(with_fixed_padding(module, example)).eval()
        content: bytes = litert_torch.convert(last, (example.permute(0, 2, 3, 1).contiguous(),)).model_content()
    return content


def save(content: bytes, description: ModelDescription, path: Path) -> None:
    """Write a model with its labels and its description."""
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(LABELS_FILE, labels(description))
        archive.writestr(EXTRA_FILE, description.model_dump_json())


def open_file(path: Path) -> Classifier:
    try:
        with zipfile.ZipFile(path) as archive:
            described = archive.read(EXTRA_FILE)
        content = path.read_bytes()
        _session(content)
    except (zipfile.BadZipFile, KeyError, ValueError, RuntimeError) as error:
        raise not_whole(path, "LiteRT", error) from error
    return Classifier(description_in(path, described), one_by_one(lambda: _session(content)))


def _session(content: bytes) -> Predict:
    interpreter = Interpreter(model_content=content, num_threads=1)
    model = interpreter.get_signature_runner()

    if model.get_input_details()[INPUT]["dtype"] == np.int8:
        return lambda image: _of_integers(model(**{INPUT: (image.astype(np.int16) - MIDDLE).astype(np.int8)})[OUTPUT])

    def predict(image: Images) -> Probabilities:
        found: Probabilities = model(**{INPUT: image})[OUTPUT]
        return found

    return predict


def _of_integers(answers: npt.NDArray[np.int8]) -> Probabilities:
    probabilities: Probabilities = (answers.astype(np.float32) + np.float32(MIDDLE)) / np.float32(256)
    return probabilities


def snippet(description: ModelDescription, file: str) -> list[str]:
    names = f'zipfile.ZipFile({file!r}).read("{LABELS_FILE}").decode().split("\\n")'
    return [
        "import json, numpy, zipfile, PIL.Image, PIL.ImageOps, ai_edge_litert.interpreter",
        f"model = ai_edge_litert.interpreter.Interpreter({file!r}).get_signature_runner()",
        image_line(description),
        f'probabilities = model({INPUT}=numpy.asarray(image)[None])["{OUTPUT}"]',
        f"print({names}[probabilities.argmax()])",
    ]


FORMAT = Format(write, open_file, "ai-edge-litert, numpy and Pillow alone", snippet)
