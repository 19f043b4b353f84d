"""ExecuTorch: `model.pte`, with 32-bit floats and XNNPACK, for one image at a time.

The class names and the description are in files beside it.
"""

from __future__ import annotations

import os
import warnings
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import torch

with warnings.catch_warnings(action="ignore"):
    from executorch.runtime import Runtime

from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.exported import not_whole
from search.models.formats.beside import LABELS_FILE, describe_beside, description_beside
from search.models.formats.contract import Format
from search.models.formats.sessions import Predict, one_by_one
from search.models.formats.snippet import IMAGE_TENSOR, image_line

if TYPE_CHECKING:
    from search.models.deployed import Deployed


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    """Export the network with torch.export, and give XNNPACK what it can compute."""
    from search.models.deployed import example_input  # noqa: PLC0415
    from search.models.formats.padding import with_fixed_padding  # noqa: PLC0415

    os.environ.setdefault("FLATC_EXECUTABLE", str(resources.files("executorch") / "data" / "bin" / "flatc"))
    with warnings.catch_warnings(action="ignore"):
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner  # noqa: PLC0415
        from executorch.exir import to_edge_transform_and_lower  # noqa: PLC0415

        example = example_input(description.input.image_size)[:1].float()
        program = torch.export.export(with_fixed_padding(deployed, example), (example,))
        lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    path.write_bytes(lowered.buffer)
    describe_beside(path, description)


def open_file(path: Path) -> Classifier:
    description = description_beside(path)
    try:
        content = path.read_bytes()
        _session(content)
    except (OSError, RuntimeError, ValueError) as error:
        raise not_whole(path, "ExecuTorch", error) from error
    return Classifier(description, one_by_one(lambda: _session(content)))


def _session(content: bytes) -> Predict:
    program = Runtime.get().load_program(content)
    if "forward" not in program.method_names:
        raise ValueError("it has no method forward")
    program.load_method("forward")

    def predict(image: Images) -> Probabilities:
        """By way of the program, which its method does not keep alive: without it, the process may end."""
        (found,) = program.load_method("forward").execute(
            [torch.tensor(image).permute(0, 3, 1, 2).float().contiguous()]
        )
        answers: Probabilities = found.numpy().copy()
        return answers

    return predict


def snippet(description: ModelDescription, file: str) -> list[str]:
    load = f'executorch.runtime.Runtime.get().load_program({file!r}); model = program.load_method("forward")'
    return [
        "import json, numpy, pathlib, torch, PIL.Image, PIL.ImageOps, executorch.runtime",
        f"program = {load}",
        image_line(description),
        f"probabilities = numpy.array(model.execute([{IMAGE_TENSOR}.float().contiguous()])[0])",
        f'print(pathlib.Path("{LABELS_FILE}").read_text(encoding="utf-8").split("\\n")[probabilities.argmax()])',
    ]


FORMAT = Format(write, open_file, "executorch, torch, numpy and Pillow", snippet)
