"""ONNX: opset 17, for any batch size.

The description is in the file's metadata under `elimnet`. Beside it stand `classes`, `image_size` and `fit`, for
programs that know nothing of this project.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from search.models.description import ModelDescription
from search.models.formats.contract import Format
from search.models.formats.onnx_session import INPUT, open_onnx
from search.models.formats.snippet import image_line

if TYPE_CHECKING:
    from search.models.deployed import Deployed


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    """Trace the network and describe the file.

    The tracing exporter takes 1 s; the exporter based on torch.export takes 14 s and gives the same network.
    """
    from search.models.formats.onnx_tracing import describe_onnx, trace_onnx  # noqa: PLC0415 - PyTorch and onnx

    trace_onnx(deployed, description.input.image_size, path)
    describe_onnx(path, description)


def snippet(description: ModelDescription, file: str) -> list[str]:
    return [
        "import json, numpy, onnxruntime, PIL.Image, PIL.ImageOps",
        f"model = onnxruntime.InferenceSession({file!r})",
        image_line(description),
        f'probabilities = model.run(None, {{"{INPUT}": numpy.asarray(image).transpose(2, 0, 1)[None]}})[0]',
        'print(json.loads(model.get_modelmeta().custom_metadata_map["classes"])[probabilities.argmax()])',
    ]


FORMAT = Format(write, open_onnx, "onnxruntime, numpy and Pillow alone", snippet)
