"""safetensors: `model.safetensors` with `model.json` beside it, as the search saves models."""

from __future__ import annotations

from pathlib import Path

from search.models.classifier import Classifier
from search.models.deployed import CPU, Deployed, of_network
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE, ModelDescription
from search.models.folder import load_model, save_model
from search.models.formats.contract import Format
from search.models.formats.snippet import IMAGE_TENSOR, image_line


def write(deployed: Deployed, description: ModelDescription, path: Path) -> None:
    saved = path.parent / "saved"
    known = description
    save_model(
        deployed.network,
        known.classes,
        known.input,
        known.provenance,
        saved,
        temperature=known.temperature,
        decision=known.decision,
    )
    for name in (WEIGHTS_FILE, DESCRIPTION_FILE):
        (saved / name).rename(path.parent / name)
    saved.rmdir()


def open_file(path: Path) -> Classifier:
    network, description = load_model(path.parent)
    return of_network(network, description, CPU)


def snippet(description: ModelDescription, _file: str) -> list[str]:
    return [
        "import json, numpy, pathlib, torch, PIL.Image, PIL.ImageOps, search.models.folder",
        "network, description = search.models.folder.load_model(pathlib.Path('.'))",
        image_line(description),
        f"probabilities = (network({IMAGE_TENSOR} / 255) / description.temperature).softmax(1).detach()",
        "print(description.classes[probabilities.argmax()])",
    ]


FORMAT = Format(write, open_file, "this project installed", snippet, takes_pixels=False)
