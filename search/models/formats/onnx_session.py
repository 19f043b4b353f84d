"""An exported ONNX model as a classifier, in ONNX Runtime on the CPU, without PyTorch.

The description is in the file's metadata, see `search.models.formats.onnx`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from search.errors import BadInput
from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.exported import NOT_LOADED, description_in, not_whole

INPUT, OUTPUT = "pictures", "probabilities"
METADATA_KEY = "elimnet"


def open_onnx(path: Path) -> Classifier:
    """Open on the CPU, with one thread per batch. Raises BadInput if this program did not export the file."""
    session = open_session(path, threads=1)
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        problem = f"{path}: has no class names; expected a model that python -m search.export wrote"
        raise BadInput(NOT_LOADED, [problem])
    return of_session(session, description_in(path, text))


def of_session(session: onnxruntime.InferenceSession, description: ModelDescription) -> Classifier:
    """The classifier of a session, whose model has the inputs and outputs of `search.models.deployed.Deployed`."""

    def run(images: Images) -> Probabilities:
        batch = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        probabilities: Probabilities = session.run([OUTPUT], {INPUT: batch})[0]
        return probabilities

    return Classifier(description, run)


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU. Raises BadInput if the file is no ONNX model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only: warnings are about graphs, which users cannot change
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no other common base
        raise not_whole(path, "ONNX", error) from error
