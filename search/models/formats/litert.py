"""LiteRT (TensorFlow Lite): `model.tflite`, channels last, for one image at a time.

A zip archive at the end of the file has `labels.txt`, as with TensorFlow Lite's own metadata, and the description.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ai_edge_litert.interpreter import Interpreter

from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.exported import description_in, not_whole
from search.models.formats.beside import LABELS_FILE, labels
from search.models.formats.contract import Format
from search.models.formats.sessions import Predict, one_by_one
from search.models.formats.snippet import EXTRA_FILE, image_line

if TYPE_CHECKING:
    from search.models.deployed import Deployed

INPUT, OUTPUT = "args_0", "output_0"


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    """Convert the network. It takes half a minute or more."""
    with warnings.catch_warnings(action="ignore"):
        import litert_torch  # noqa: PLC0415 - PyTorch

        from search.models.deployed import example_input  # noqa: PLC0415
        from search.models.formats.channels_last import ChannelsLast  # noqa: PLC0415
        from search.models.formats.padding import with_fixed_padding  # noqa: PLC0415

        example = example_input(description.input.image_size)[:1]
        module = ChannelsLast(with_fixed_padding(deployed, example)).eval()
        converted = litert_torch.convert(module, (example.permute(0, 2, 3, 1).contiguous(),))
    path.write_bytes(converted.model_content())
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

    def predict(image: Images) -> Probabilities:
        found: Probabilities = model(**{INPUT: image})[OUTPUT]
        return found

    return predict


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
