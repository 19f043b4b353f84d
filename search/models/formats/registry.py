"""All export formats. To add one, write its module here in this folder and add its line to `FILES`.

The module has the format's name, with "_" for "-", and defines `FORMAT`. It is imported only when the format is used:
PyTorch takes seconds to import.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE
from search.models.formats.contract import Format

FILES = {
    "onnx": "model.onnx",
    "torchscript": "model.pt",
    "safetensors": WEIGHTS_FILE,
    "torch-export": "model.pt2",
}
"""Name of the format -> name of its file in the folder of an export. Each file has a suffix of its own."""

FORMAT_OF_SUFFIX = {Path(file).suffix: name for name, file in FILES.items()}


def load_format(name: str) -> Format:
    """Import the format called `name`, a key of `FILES`."""
    chosen: Format = import_module(f"{__package__}.{name.replace('-', '_')}").FORMAT
    return chosen


def exported_file(path: Path, *formats: str) -> Path:
    """The model's file if `path` is the folder of an export in one of the `formats`; otherwise `path` itself."""
    if (path / DESCRIPTION_FILE).exists():
        return path
    files = [path / FILES[name] for name in formats]
    return next((file for file in files if file.is_file()), path)
