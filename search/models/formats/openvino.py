"""OpenVINO: the intermediate representation, `model.xml` with its weights in `model.bin`, for any batch size.

The weights are 32-bit floats: OpenVINO's default of 16 bits changes probabilities by 0.01. The description is in the
runtime information under `elimnet`; `model_info/labels` has the class names as OpenVINO's Model API reads them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino

from search.errors import BadInput
from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.exported import description_in, not_whole
from search.models.formats.contract import Format
from search.models.formats.sessions import of_each_thread
from search.models.formats.snippet import image_line
from search.system.hardware import cores

if TYPE_CHECKING:
    from search.models.deployed import Deployed

KEY, LABELS = ["elimnet"], ["model_info", "labels"]
FLOATS = {"INFERENCE_PRECISION_HINT": "f32"}
"""Some processors would compute with 16 bits otherwise."""


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    """Trace the network through ONNX, and convert that."""
    save(converted(deployed, description), description, path)


def converted(deployed: Deployed, description: ModelDescription) -> openvino.Model:
    """The network as a model of OpenVINO, without a description."""
    from search.models.formats.onnx_tracing import trace_onnx  # noqa: PLC0415 - PyTorch

    with tempfile.TemporaryDirectory(prefix="elimnet-openvino-") as folder:
        traced = Path(folder) / "model.onnx"
        trace_onnx(deployed, description.input.image_size, traced)
        return openvino.convert_model(traced)


def save(model: openvino.Model, description: ModelDescription, path: Path) -> None:
    """Write a model with its description."""
    model.set_rt_info(description.model_dump_json(), KEY)
    model.set_rt_info(" ".join(name.replace(" ", "_") for name in description.classes), LABELS)
    openvino.save_model(model, path, compress_to_fp16=False)


def open_file(path: Path) -> Classifier:
    """Open on the CPU: one thread for each batch, and as many batches at a time as there are cores."""
    core = openvino.Core()
    try:
        model = core.read_model(path)
        described = str(model.get_rt_info(KEY).value) if model.has_rt_info(KEY) else ""
        options = {**FLOATS, "NUM_STREAMS": cores(), "INFERENCE_NUM_THREADS": cores()}
        compiled = core.compile_model(model, "CPU", options)
    except RuntimeError as error:
        raise _not_whole(path, error) from error
    request = of_each_thread(compiled.create_infer_request)

    def run(images: Images) -> Probabilities:
        (found,) = request().infer([np.ascontiguousarray(images.transpose(0, 3, 1, 2))]).values()
        return np.array(found)

    return Classifier(description_in(path, described), run)


def _not_whole(path: Path, error: RuntimeError) -> BadInput:
    """The last line of an error says what is wrong; the others say where in OpenVINO."""
    *_, reason = str(error).strip().splitlines() or [type(error).__name__]
    return not_whole(path, "OpenVINO", RuntimeError(f"{reason}; {path.with_suffix('.bin').name} belongs beside it"))


def snippet(description: ModelDescription, file: str) -> list[str]:
    read = f"network = openvino.Core().read_model({file!r})"
    return [
        "import json, numpy, openvino, PIL.Image, PIL.ImageOps",
        f'{read}; model = openvino.compile_model(network, "CPU", {FLOATS})',
        image_line(description),
        "probabilities = model([numpy.asarray(image).transpose(2, 0, 1)[None]])[0]",
        f'print(json.loads(network.get_rt_info({KEY}).value)["classes"][probabilities.argmax()])',
    ]


FORMAT = Format(write, open_file, "openvino, numpy and Pillow alone", snippet)
