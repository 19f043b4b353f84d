"""torch.export: the exported program. The description is the extra file `description.json` inside."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from zipfile import BadZipFile

import torch

from search.models.classifier import Classifier
from search.models.deployed import CPU, Deployed, example_input, of_module
from search.models.description import ModelDescription
from search.models.exported import description_in, not_whole
from search.models.formats.contract import Format
from search.models.formats.snippet import EXTRA_FILE, pytorch_snippet


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    content = io.BytesIO()  # PyTorch's own file writer ends the process when the disk is full
    with warnings.catch_warnings(action="ignore"):
        shapes = {"images": {0: torch.export.Dim("batch")}}
        program = torch.export.export(deployed, (example_input(description.input.image_size),), dynamic_shapes=shapes)
        torch.export.save(program, content, extra_files={EXTRA_FILE: description.model_dump_json()})
    path.write_bytes(content.getbuffer())


def open_file(path: Path) -> Classifier:
    extra: dict[str, str] = {EXTRA_FILE: ""}
    with warnings.catch_warnings(action="ignore"):
        try:
            module = torch.export.load(str(path), extra_files=extra).module()
        except (RuntimeError, ValueError, OSError, BadZipFile) as error:
            raise not_whole(path, "torch.export", error) from error
    return of_module(module, description_in(path, extra[EXTRA_FILE]), CPU)


def snippet(description: ModelDescription, file: str) -> list[str]:
    return pytorch_snippet(description, f"torch.export.load({file!r}, extra_files=extra).module()")


FORMAT = Format(write, open_file, "torch, numpy and Pillow alone", snippet)
