"""A search that is over in seconds: few small images, timm's smallest networks, two epochs; all of it in tmp_path."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from search.settings.search import Settings, add_arguments, load
from search.system.hardware import slots
from tests.postgres import postgres_server, postgres_template  # noqa: F401  fixtures

WriteConfig = Callable[..., Path]
LoadSettings = Callable[..., Settings]

MOST_PROCESSES = 8

CLASSES = 3
IMAGES_A_CLASS = 16
UNKNOWN_IMAGES = 20
SIDE = 32


def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto`, as many processes as this machine has cores, and 2.5 GB of free memory for each."""
    return min(MOST_PROCESSES, len(slots("cpu", "auto")))


def tiny_elimination(**changes: Any) -> dict[str, Any]:
    """Settings of an elimination space on an untrained backbone of 0.37M parameters; networks are trained alone."""
    recipe = {"epochs": 2, "batch_size": 16, "flip": False, **changes.pop("recipe", {})}
    return {
        "space": "elimination",
        "backbones": ["test_resnet"],
        "initial_weights": "random",
        "image_sizes": [SIDE],
        "trainings": ["alone"],
        "recipe": recipe,
        **changes,
    }


def tiny_scratch(**changes: Any) -> dict[str, Any]:
    """Settings of a scratch space of networks of one or two stages."""
    recipe = {"epochs": 2, "batch_size": 16, "flip": False, **changes.pop("recipe", {})}
    small = {"stages": [1, 2], "max_repeats": 1, "widths": [16, 32], "width_multipliers": [1.0]}
    return {"space": "scratch", "image_sizes": [SIDE], **small, "recipe": recipe, **changes}


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a class, of noise that is brighter from class to class."""
    root = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for label in range(CLASSES):
        folder = root / f"class{label}"
        folder.mkdir()
        for number in range(IMAGES_A_CLASS):
            pixels = random.integers(80 * label, 80 * label + 90, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return root


@pytest.fixture(scope="session")
def unknown_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images of no class: noise with dark and bright halves."""
    root = tmp_path_factory.mktemp("unknown")
    random = np.random.default_rng(1)
    for number in range(UNKNOWN_IMAGES):
        pixels = random.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
        pixels[: SIDE // 2] += 160
        Image.fromarray(pixels).save(root / f"{number}.png")
    return root


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable or secret file of the machine is a setting."""
    for name in ("DATA_DIR", "DATABASE_URL", "DATABASE_PASSWORD_FILE", "CACHE_DIR", "WEIGHTS_DIR", "ARTEFACT_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "no-secrets"))


@pytest.fixture
def write_config(bare_environment: None, tmp_path: Path, images: Path) -> WriteConfig:
    """Writes a settings file for a tiny search, with these top-level settings changed, and gives its path."""

    def write(**changes: Any) -> Path:
        settings: dict[str, Any] = {
            "name": "tiny",
            "data": {"source": "folder", "path": str(images)},
            "studies": {"elimination": tiny_elimination(), "scratch": tiny_scratch()},
            "trials": 2,
            "device": "cpu",
            "output_dir": str(tmp_path / "runs"),
            "cache_dir": str(tmp_path / "cache"),
            **changes,
        }
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(settings))
        return path

    return write


@pytest.fixture
def load_settings(write_config: WriteConfig) -> LoadSettings:
    """The same, loaded."""

    def load_changed(**changes: Any) -> Settings:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        return load(parser.parse_args(["--config", str(write_config(**changes))]))

    return load_changed
