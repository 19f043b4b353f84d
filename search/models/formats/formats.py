"""The formats that a model is exported to, and how each is written and opened again.

Class names, input and provenance travel inside the file, as the JSON of a `ModelDescription`: in ONNX under `elimnet`
of the metadata, with `classes`, `image_size`, `fit` beside it for readers that know nothing of it; in TorchScript and
torch.export as the extra file `description.json`; safetensors is `save_model`'s folder, with `model.json`.
"""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import onnx
import torch

from blocks.network import Network
from search.errors import BadInput
from search.models.classifier import Classifier
from search.models.deployed import Deployed, of_module, of_network
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE, ModelDescription
from search.models.exported import FILES, description_in
from search.models.folder import load_model, save_model
from search.models.formats.onnx_session import INPUT, METADATA_KEY, OUTPUT, of_session, open_onnx, open_session
from search.models.formats.padding import with_fixed_padding

EXTRA_FILE = "description.json"
OPSET = 17  # of 2022: old enough for the runtimes of phones
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Format:
    """One way to keep a model: its file, how it is written into a folder, how it is opened.

    takes_pixels  0 to 255, and gives probabilities; else it is the network, which takes 0 to 1 and gives logits
    """

    file: str
    write: Callable[[Deployed, ModelDescription, Path], None]
    open: Callable[[Path], Classifier]
    takes_pixels: bool = True


def write_onnx(deployed: Deployed, description: ModelDescription, folder: Path) -> None:
    """`model.onnx`, for any number of images at once.

    By the tracing exporter: it takes 1 s where the one through torch.export takes 14 s, and gives the same network.
    """
    path = folder / "model.onnx"
    trace_onnx(deployed, description.input.image_size, path)
    describe_onnx(path, description)


def trace_onnx(deployed: Deployed, size: int, path: Path) -> None:
    """An ONNX file that says nothing of its classes."""
    batch = {0: "batch"}
    with warnings.catch_warnings(action="ignore"):  # that it will go some day; that sizes are traced as constants
        torch.onnx.export(
            with_fixed_padding(deployed, _example(size)),
            (_example(size),),
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
    size, classes = description.input.image_size, len(description.classes)
    properties = {
        METADATA_KEY: description.model_dump_json(),
        "classes": json.dumps(description.classes, ensure_ascii=False),
        "image_size": str(description.input.image_size),
        "fit": description.input.fit,
        "pixel_range": json.dumps(description.input.pixel_range),
        "input": f"{INPUT}: uint8 (N, 3, {size}, {size}), RGB, 0 to 255",
        "output": f"{OUTPUT}: float32 (N, {classes}), in the order of classes",
    }
    onnx.helper.set_model_props(model, properties)
    onnx.save(model, str(path))


def through_onnx(network: Network, description: ModelDescription) -> Classifier:
    """The network under ONNX Runtime on the CPU: twice as fast as in PyTorch, after a second of tracing."""
    with tempfile.TemporaryDirectory(prefix="elimnet-onnx-") as folder:
        path = Path(folder) / "model.onnx"
        trace_onnx(Deployed(network).eval(), description.input.image_size, path)
        return of_session(open_session(path, threads=1), description)


def write_torchscript(deployed: Deployed, description: ModelDescription, folder: Path) -> None:
    """`model.pt`, traced and frozen."""
    with warnings.catch_warnings(action="ignore"):  # that PyTorch would rather have torch.export
        example = _example(description.input.image_size)
        traced = torch.jit.freeze(torch.jit.trace(with_fixed_padding(deployed, example), (example,)))  # type: ignore[no-untyped-call]
        extra = {EXTRA_FILE: description.model_dump_json()}
        content = io.BytesIO()  # on a full disk PyTorch's own writer ends the process
        torch.jit.save(traced, content, _extra_files=extra)
    (folder / "model.pt").write_bytes(content.getbuffer())


def open_torchscript(path: Path) -> Classifier:
    """On the CPU."""
    extra: dict[str, str | bytes] = {EXTRA_FILE: ""}
    with warnings.catch_warnings(action="ignore"):
        try:
            module = torch.jit.load(str(path), "cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError) as error:
            raise _not_whole(path, "TorchScript", error) from error
    return of_module(module, description_in(path, extra[EXTRA_FILE]), CPU)


def write_torch_export(deployed: Deployed, description: ModelDescription, folder: Path) -> None:
    """`model.pt2`."""
    with warnings.catch_warnings(action="ignore"):
        shapes = {"images": {0: torch.export.Dim("batch")}}
        program = torch.export.export(deployed, (_example(description.input.image_size),), dynamic_shapes=shapes)
        extra = {EXTRA_FILE: description.model_dump_json()}
        content = io.BytesIO()  # as for TorchScript
        torch.export.save(program, content, extra_files=extra)
    (folder / "model.pt2").write_bytes(content.getbuffer())


def open_torch_export(path: Path) -> Classifier:
    """On the CPU."""
    extra: dict[str, str] = {EXTRA_FILE: ""}
    with warnings.catch_warnings(action="ignore"):
        try:
            module = torch.export.load(str(path), extra_files=extra).module()
        except (RuntimeError, ValueError, OSError, BadZipFile) as error:
            raise _not_whole(path, "torch.export", error) from error
    return of_module(module, description_in(path, extra[EXTRA_FILE]), CPU)


def write_safetensors(deployed: Deployed, description: ModelDescription, folder: Path) -> None:
    """`model.safetensors` and `model.json`, as trials are kept."""
    saved = folder / "saved"
    save_model(deployed.network, description.classes, description.input, description.provenance, saved)
    for name in (WEIGHTS_FILE, DESCRIPTION_FILE):
        (saved / name).rename(folder / name)
    saved.rmdir()


def open_safetensors(path: Path) -> Classifier:
    """The folder that the file is in, on the CPU."""
    network, description = load_model(path.parent)
    return of_network(network, description, CPU)


FORMATS = {
    "onnx": Format(FILES["onnx"], write_onnx, open_onnx),
    "torchscript": Format(FILES["torchscript"], write_torchscript, open_torchscript),
    "safetensors": Format(FILES["safetensors"], write_safetensors, open_safetensors, takes_pixels=False),
    "torch-export": Format(FILES["torch-export"], write_torch_export, open_torch_export),
}


def exported_description(description: ModelDescription) -> ModelDescription:
    """What an exported file says of itself: its input is pixels as they are decoded."""
    pixels = description.input.model_copy(update={"value_range": (0.0, 255.0)})
    return description.model_copy(update={"input": pixels})


def _example(size: int) -> torch.Tensor:
    """Two images: tracing takes a batch of one for a constant."""
    return torch.zeros(2, 3, size, size, dtype=torch.uint8)


def _not_whole(path: Path, kind: str, error: Exception) -> BadInput:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return BadInput("the model cannot be loaded", [f"{path}: not a whole {kind} file: {reason}"])
