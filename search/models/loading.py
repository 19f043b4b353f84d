"""Loading any model as a classifier: an exported file, a folder, a trial.

An exported ONNX model runs without PyTorch, which takes seconds to import. So modules that need it are imported late.
"""

from __future__ import annotations

from pathlib import Path

from search.errors import BadInput
from search.models.classifier import Classifier
from search.models.description import WEIGHTS_FILE, check_files
from search.models.exported import NOT_LOADED
from search.models.formats.registry import FORMAT_OF_SUFFIX, FORMATS, exported_file, is_model, load_format
from search.models.names import MODEL_HELP, check_model_name
from search.settings.search import Settings


def open_classifier(where: str, settings: Settings) -> Classifier:
    """Open a model: a network in PyTorch on a GPU or in ONNX Runtime on the CPU; an exported file on the CPU.

    Raises BadInput if `where` is no model, or a damaged model.
    """
    path = exported_file(Path(where), *FORMATS)
    if is_model(path):
        return _open_file(path)
    check_model_name(where, f"expected {MODEL_HELP}")
    if path.is_dir():
        check_files(path)
    from search.models.pytorch_models import open_network  # noqa: PLC0415 - PyTorch

    return open_network(where, settings)


def open_export(where: str) -> tuple[str, Classifier]:
    """The format and the model of an exported file, or of the folder of an export. Raises BadInput if it is none."""
    path = exported_file(Path(where), *FORMATS)
    if path.is_dir() and (path / WEIGHTS_FILE).is_file():
        path /= WEIGHTS_FILE
    if not is_model(path):
        problem = (
            f"{where}: no export; expected the folder that python -m search.export wrote, or the model's file in it"
        )
        raise BadInput(NOT_LOADED, [problem])
    return _format_of(path), _open_file(path)


def _open_file(path: Path) -> Classifier:
    return load_format(_format_of(path)).open(path)


def _format_of(path: Path) -> str:
    if path.suffix not in FORMAT_OF_SUFFIX:
        expected = f"expected {', '.join(sorted(FORMAT_OF_SUFFIX))}, a folder or a trial"
        raise BadInput(NOT_LOADED, [f"{path}: not an exported model; {expected}"])
    return FORMAT_OF_SUFFIX[path.suffix]
