"""Any model that can be named: an exported file, a folder, a trial."""

from __future__ import annotations

import logging
from pathlib import Path

from search.errors import BadInput
from search.inference.classifier import Classifier, of_network
from search.inference.formats import FORMATS, exported_file, through_onnx
from search.inference.sources import open_source
from search.objective import choose_device
from search.settings import Settings

HELP = "an exported file or its folder, a kept model's folder, or a trial as STUDY/NUMBER, STUDY/ROW or NUMBER"
log = logging.getLogger(__name__)
_OPEN = {Path(known.file).suffix: known.open for known in FORMATS.values()}


def open_classifier(where: str, settings: Settings) -> Classifier:
    """Ready to classify: a network in PyTorch on a GPU, through ONNX Runtime on the CPU; an exported file on the CPU.

    Raises BadInput for what is no model, or a damaged one.
    """
    path = exported_file(Path(where), *FORMATS)
    if path.is_file():
        if path.suffix not in _OPEN:
            expected = f"expected {', '.join(sorted(_OPEN))}, a folder or a trial"
            raise BadInput("the model cannot be loaded", [f"{path}: not the name of an exported model; {expected}"])
        return _OPEN[path.suffix](path)
    source = open_source(where, settings)
    device = choose_device(settings.device)
    if device.type == "cpu":
        try:
            return through_onnx(source.network, source.description)
        except RuntimeError as error:  # what ONNX cannot express still runs in PyTorch
            log.warning("ONNX Runtime cannot take %s, so PyTorch runs it, more slowly: %s", where, error)
    return of_network(source.network, source.description, device)
