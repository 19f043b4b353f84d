"""The configurations that ship with the program: `--config demo` is configs/demo.yaml, wherever it is installed."""

from __future__ import annotations

from pathlib import Path

from search.errors import did_you_mean

# `configs` stands beside the package `search`, in a checkout and in an installed wheel. importlib would first find a
# folder of that name in the user's current folder.
FOLDER = Path(__file__).parents[2] / "configs"


def shipped_names() -> list[str]:
    """Names that `--config` takes."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def config_path(given: str) -> Path:
    """The settings file that `--config` names: a path, if there is such a file, or else a shipped file."""
    path = Path(given)
    return path if path.is_file() or given not in shipped_names() else FOLDER / f"{given}.yaml"


def not_there(given: str) -> str:
    """The message about a settings file that does not exist."""
    names = shipped_names()
    near = did_you_mean(Path(given).stem, names)
    return f"there is no such file; expected a settings file, or one of these names: {', '.join(names)}{near}"
