"""A saved model's network as a classifier: the models of folders and trials."""

from __future__ import annotations

import logging
from dataclasses import replace

from search.models.classifier import Classifier
from search.models.deployed import of_network
from search.models.formats.onnx_tracing import through_onnx
from search.models.sources import open_source
from search.settings.search import Settings
from search.system.device import choose_device

log = logging.getLogger(__name__)


def open_network(where: str, settings: Settings) -> Classifier:
    """Open a folder's or trial's network: with PyTorch on a GPU, with ONNX Runtime on the CPU. Raises BadInput."""
    source = open_source(where, settings)
    device = choose_device(settings.device)
    if device.type == "cpu":
        try:
            return replace(through_onnx(source.network, source.description), network=source.network)
        except RuntimeError as error:  # networks that ONNX cannot express still run in PyTorch
            log.warning("ONNX Runtime cannot run %s; using PyTorch, which is slower: %s", where, error)
    return of_network(source.network, source.description, device)
