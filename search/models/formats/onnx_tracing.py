"""Writing ONNX files with PyTorch, and running a network through ONNX without keeping the file."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import onnx
import torch

from blocks.network import Network
from search.models.classifier import Classifier
from search.models.deployed import Deployed, example_input
from search.models.description import ModelDescription
from search.models.formats.onnx_session import INPUT, METADATA_KEY, OUTPUT, of_session, open_session
from search.models.formats.padding import with_fixed_padding

OPSET = 17  # released in 2022: old enough for the runtimes of phones


def trace_onnx(deployed: Deployed, size: int, path: Path) -> None:
    """Write an ONNX file without a description."""
    batch = {0: "batch"}
    example = example_input(size)
    with warnings.catch_warnings(action="ignore"):  # the tracer is deprecated; sizes are traced as constants
        torch.onnx.export(
            with_fixed_padding(deployed, example),
            (example,),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: batch, OUTPUT: batch},
            opset_version=OPSET,
            dynamo=False,
        )


def describe_onnx(path: Path, description: ModelDescription) -> None:
    """Put the description into the file's metadata."""
    model = onnx.load(str(path))
    (taken,), classes = model.graph.input, len(description.classes)
    _, _, height, width = (place.dim_param or place.dim_value for place in taken.type.tensor_type.shape.dim)
    properties = {
        METADATA_KEY: description.model_dump_json(),
        "classes": json.dumps(description.classes, ensure_ascii=False),
        "image_size": str(description.input.image_size),
        "fit": description.input.fit,
        "pixel_range": json.dumps(description.input.pixel_range),
        "input": f"{INPUT}: uint8 (N, 3, {height}, {width}), RGB, 0 to 255",
        "output": f"{OUTPUT}: float32 (N, {classes}), in the order of classes",
    }
    onnx.helper.set_model_props(model, properties)
    onnx.save(model, str(path))


def through_onnx(network: Network, description: ModelDescription) -> Classifier:
    """Run the network in ONNX Runtime on the CPU: twice as fast as PyTorch, after one second of tracing."""
    with tempfile.TemporaryDirectory(prefix="elimnet-onnx-") as folder:
        path = Path(folder) / "model.onnx"
        trace_onnx(Deployed(network, description.temperature).eval(), description.input.image_size, path)
        return of_session(open_session(path, threads=1), description)
