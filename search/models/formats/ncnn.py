"""ncnn: `model.ncnn.param` with its weights in `model.ncnn.bin`, for one image at a time.

The weights are 32-bit floats. The class names and the description are in files beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import ncnn
import numpy as np

from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.exported import not_whole
from search.models.formats.beside import LABELS_FILE, describe_beside, description_beside
from search.models.formats.contract import Format
from search.models.formats.sessions import one_by_one
from search.models.formats.snippet import image_line

if TYPE_CHECKING:
    from search.models.deployed import Deployed

INPUT, OUTPUT = "in0", "out0"
HALVES = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage")
"""Options of ncnn that compute with 16 bits where the processor can."""


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    """Trace the network, and let pnnx convert it. Raises RuntimeError if ncnn has no such operator."""
    import pnnx  # noqa: PLC0415 - PyTorch
    import torch  # noqa: PLC0415

    from search.models.deployed import example_input  # noqa: PLC0415
    from search.models.formats.padding import with_fixed_padding  # noqa: PLC0415

    size = description.input.image_size
    example = example_input(size)[:1].float()
    with tempfile.TemporaryDirectory(prefix="elimnet-ncnn-") as folder:
        traced = Path(folder) / "model.pt"
        with warnings.catch_warnings(action="ignore"):  # PyTorch recommends torch.export
            script = torch.jit.trace(with_fixed_padding(deployed, example), (example,))  # type: ignore[no-untyped-call]
            traced.write_bytes(script.save_to_buffer())
        command = [pnnx.EXEC_PATH, str(traced), f"inputshape=[1,3,{size},{size}]f32", "fp16=0"]
        done = subprocess.run(command, cwd=folder, check=False)
        graph, weights = traced.with_suffix(".ncnn.param"), traced.with_suffix(".ncnn.bin")
        if done.returncode or not (graph.is_file() and weights.is_file()):
            raise RuntimeError(f"pnnx ended with status {done.returncode}")
        if unknown := _unknown_operators(graph.read_text(encoding="utf-8")):
            raise RuntimeError(f"ncnn has no operator for {', '.join(unknown)}")
        shutil.copyfile(graph, path)
        shutil.copyfile(weights, path.with_suffix(".bin"))
    describe_beside(path, description)


def _unknown_operators(graph: str) -> list[str]:
    """Operators that pnnx left as they were in PyTorch, such as torch.roll or aten::roll."""
    kinds = {line.split()[0] for line in graph.splitlines()[2:] if line.strip()}
    return sorted(kind for kind in kinds if "." in kind or ":" in kind)


def open_file(path: Path) -> Classifier:
    description = description_beside(path)
    size = description.input.image_size
    weights = path.with_suffix(".bin")
    model = _net()
    for file in (path, weights):
        if not os.access(file, os.R_OK) or not file.stat().st_size:
            raise not_whole(path, "ncnn", OSError(f"{file.name} is empty or cannot be read"))
    if model.load_param(str(path)) or model.load_model(str(weights)):
        raise not_whole(path, "ncnn", ValueError(f"ncnn cannot read it with {weights.name}"))

    def predict(image: Images) -> Probabilities:
        extractor = model.create_extractor()
        pixels = ncnn.Mat.from_pixels(np.ascontiguousarray(image[0]), ncnn.Mat.PixelType.PIXEL_RGB, size, size)
        status = extractor.input(INPUT, pixels)
        failed, found = extractor.extract(OUTPUT)
        if status or failed:
            raise not_whole(path, "ncnn", ValueError(f"ncnn gives no {OUTPUT} for {INPUT}"))
        return np.array(found)[None]

    return Classifier(description, one_by_one(lambda: predict))


def _net() -> ncnn.Net:
    """With one thread, and 32-bit floats."""
    model = ncnn.Net()
    model.opt.num_threads = 1
    for option in HALVES:
        setattr(model.opt, option, False)
    return model


def snippet(description: ModelDescription, file: str) -> list[str]:
    size, weights = description.input.image_size, Path(file).with_suffix(".bin").name
    halves = " = ".join(f"model.opt.{option}" for option in HALVES)
    pixels = f"ncnn.Mat.from_pixels(numpy.array(image), ncnn.Mat.PixelType.PIXEL_RGB, {size}, {size})"
    given = f'run = model.create_extractor(); run.input("{INPUT}", {pixels})'
    return [
        "import json, ncnn, numpy, pathlib, PIL.Image, PIL.ImageOps",
        f"model = ncnn.Net(); {halves} = False; model.load_param({file!r}); model.load_model({weights!r})",
        image_line(description),
        f'{given}; probabilities = numpy.array(run.extract("{OUTPUT}")[1])[None]',
        f'print(pathlib.Path("{LABELS_FILE}").read_text(encoding="utf-8").split("\\n")[probabilities.argmax()])',
    ]


FORMAT = Format(write, open_file, "ncnn, numpy and Pillow alone", snippet)
