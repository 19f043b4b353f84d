"""Core ML: `model.mlpackage`, an ML program that takes an image and names its class, for one image at a time.

The class names and the description are inside. Core ML runs on Apple's systems only. So elsewhere the proof interprets
the operations of the saved program, see `search.models.formats.coreml_program`; on a Mac, Core ML itself is run.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

with warnings.catch_warnings(action="ignore"):
    logging.getLogger("coremltools").setLevel(logging.ERROR)  # it says that Core ML cannot run here
    import coremltools

from search.errors import BadInput
from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.exported import NOT_LOADED, description_in, not_whole
from search.models.formats.contract import Format
from search.models.formats.sessions import Predict, one_by_one
from search.models.formats.snippet import image_line

if TYPE_CHECKING:
    from search.models.deployed import Deployed

INPUT, CLASS, PROBABILITIES = "image", "classLabel", "classLabel_probs"
KEY = "elimnet"
MAC = sys.platform == "darwin"


def write(deployed: Deployed, description: ModelDescription, path: Path, *, half: bool = False) -> None:
    """Trace and convert the network.

    half  weights and computation with 16-bit floats, as the neural engine of Apple's devices needs; otherwise 32 bits
    """
    import torch  # noqa: PLC0415

    from search.models.deployed import example_input  # noqa: PLC0415
    from search.models.formats.padding import with_fixed_padding  # noqa: PLC0415

    size = description.input.image_size
    example = example_input(size)[:1].float()
    precision = coremltools.precision.FLOAT16 if half else coremltools.precision.FLOAT32
    with warnings.catch_warnings(action="ignore"):  # PyTorch recommends torch.export
        traced = torch.jit.trace(with_fixed_padding(deployed, example), (example,))  # type: ignore[no-untyped-call]
        model = coremltools.convert(
            traced,
            convert_to="mlprogram",
            inputs=[coremltools.ImageType(INPUT, shape=(1, 3, size, size), color_layout=coremltools.colorlayout.RGB)],
            classifier_config=coremltools.ClassifierConfig(list(description.classes), CLASS),
            compute_precision=precision,
            minimum_deployment_target=coremltools.target.iOS15,
            skip_model_load=True,
        )
        model.input_description[INPUT] = f"upright picture, made a square of {size} pixels ({description.input.fit})"
        model.user_defined_metadata[KEY] = description.model_dump_json()
        with tempfile.TemporaryDirectory(prefix="elimnet-coreml-") as folder:  # it writes as much as there is room for
            saved = Path(folder) / path.name
            model.save(str(saved))
            shutil.copytree(saved, path, copy_function=shutil.copyfile)


def open_file(path: Path) -> Classifier:
    try:
        spec = coremltools.models.utils.load_spec(str(path))
        described = spec.description.metadata.userDefined[KEY]
        description = description_in(path, described)
        predict = _of_core_ml(path, description) if MAC else _interpreted(path, spec, description)
    except BadInput:
        raise
    except Exception as error:  # of Core ML, of its tools, of protobuf
        raise not_whole(path, "Core ML", error) from error
    return Classifier(description, one_by_one(lambda: predict))


def _interpreted(path: Path, spec: Any, description: ModelDescription) -> Predict:
    from search.models.formats.coreml_program import Program, Unknown  # noqa: PLC0415 - PyTorch

    try:
        program = Program(spec, path)
    except Unknown as error:
        raise BadInput(NOT_LOADED, [f"{path}: {error}; export it on a Mac, where Core ML proves it"]) from error
    if program.classes != list(description.classes):
        raise BadInput(NOT_LOADED, [f"{path}: its classes are not those of its description; export it again"])

    def predict(image: Images) -> Probabilities:
        return program.run(np.ascontiguousarray(image.transpose(0, 3, 1, 2), dtype=np.float32))

    return predict


def _of_core_ml(path: Path, description: ModelDescription) -> Predict:
    """In floats of the program's own size: other units of the machine compute with 16 bits."""
    model = coremltools.models.MLModel(str(path), compute_units=coremltools.ComputeUnit.CPU_ONLY)

    def predict(image: Images) -> Probabilities:
        found = model.predict({INPUT: Image.fromarray(image[0])})[PROBABILITIES]
        return np.array([[found[name] for name in description.classes]], dtype=np.float32)

    return predict


def snippet(description: ModelDescription, file: str) -> list[str]:
    """On a Mac."""
    described = f'json.loads(model.user_defined_metadata["{KEY}"])["classes"]'
    found = f'model.predict({{"{INPUT}": image}})["{PROBABILITIES}"]'
    return [
        "import json, numpy, coremltools, PIL.Image, PIL.ImageOps",
        f"model = coremltools.models.MLModel({file!r}); classes = {described}",
        image_line(description),
        f"found = {found}; probabilities = numpy.array([[found[name] for name in classes]])",
        "print(classes[probabilities.argmax()])",
    ]


FORMAT = Format(
    write, open_file, "coremltools, numpy and Pillow, on a Mac", snippet, write_half=partial(write, half=True)
)
