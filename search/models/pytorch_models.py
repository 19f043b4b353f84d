"""Models that PyTorch opens: folders and trials with a network's weights, and the exported formats that are its own."""

from __future__ import annotations

import logging
from pathlib import Path

from search.models.classifier import Classifier
from search.models.deployed import of_network
from search.models.formats.formats import FORMATS, through_onnx
from search.models.sources import open_source
from search.settings.search import Settings
from search.system.device import choose_device

log = logging.getLogger(__name__)
_OPEN = {Path(known.file).suffix: known.open for known in FORMATS.values()}


def open_file(path: Path) -> Classifier:
    """An exported file, whose suffix is that of a format, on the CPU. Raises BadInput for a damaged one."""
    return _OPEN[path.suffix](path)


def open_network(where: str, settings: Settings) -> Classifier:
    """A folder's or trial's network in PyTorch on a GPU, through ONNX Runtime on the CPU. Raises BadInput."""
    source = open_source(where, settings)
    device = choose_device(settings.device)
    if device.type == "cpu":
        try:
            return through_onnx(source.network, source.description)
        except RuntimeError as error:  # what ONNX cannot express still runs in PyTorch
            log.warning("ONNX Runtime cannot take %s, so PyTorch runs it, more slowly: %s", where, error)
    return of_network(source.network, source.description, device)
