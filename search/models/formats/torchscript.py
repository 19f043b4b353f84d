"""TorchScript: traced and frozen. The description is the extra file `description.json` inside."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import torch

from search.models.classifier import Classifier
from search.models.deployed import CPU, Deployed, example_input, of_module
from search.models.description import ModelDescription
from search.models.exported import description_in, not_whole
from search.models.formats.contract import Format
from search.models.formats.padding import with_fixed_padding
from search.models.formats.snippet import EXTRA_FILE, pytorch_snippet


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    example = example_input(description.input.image_size)
    content = io.BytesIO()  # PyTorch's own file writer ends the process when the disk is full
    with warnings.catch_warnings(action="ignore"):  # PyTorch recommends torch.export
        traced = torch.jit.freeze(torch.jit.trace(with_fixed_padding(deployed, example), (example,)))  # type: ignore[no-untyped-call]
        torch.jit.save(traced, content, _extra_files={EXTRA_FILE: description.model_dump_json()})
    path.write_bytes(content.getbuffer())


def open_file(path: Path) -> Classifier:
    extra: dict[str, str | bytes] = {EXTRA_FILE: ""}
    with warnings.catch_warnings(action="ignore"):
        try:
            module = torch.jit.load(str(path), "cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError) as error:
            raise not_whole(path, "TorchScript", error) from error
    return of_module(module, description_in(path, extra[EXTRA_FILE]), CPU)


def snippet(description: ModelDescription, file: str) -> list[str]:
    return pytorch_snippet(description, f"torch.jit.load({file!r}, _extra_files=extra)")


FORMAT = Format(write, open_file, "torch, numpy and Pillow alone", snippet)
