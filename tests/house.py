"""The project's own files, for tests that hold them to each other."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHIPPED: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
PACKAGES = [*SHIPPED, "benchmarks"]

_IGNORED = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}


def files(*patterns: str) -> Iterator[Path]:
    """The project's own files, which git has or would add; there may be no git."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if _is_ours(Path(folder, name))]
        for name in names:
            if not _is_ignored(name) and any(fnmatch(name, pattern) for pattern in patterns):
                yield Path(folder, name)


def _is_ours(folder: Path) -> bool:
    """An environment is not ours, whatever its name."""
    return not _is_ignored(folder.name) and folder.name != ".git" and not (folder / "pyvenv.cfg").exists()


def _is_ignored(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in _IGNORED)
