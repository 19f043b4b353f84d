"""The Dockerfile against the tree it is built from; no image is built."""

from __future__ import annotations

import tomllib

import pytest

from tests.house import ROOT

LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]


def stage(name: str) -> list[str]:
    """Instructions of one stage, without its FROM."""
    starts = [number for number, line in enumerate(LINES) if line.startswith("FROM ")]
    (start,) = [number for number in starts if LINES[number].endswith(f" AS {name}")]
    end = min((number for number in starts if number > start), default=len(LINES))
    return LINES[start + 1 : end]


def copied(name: str) -> list[str]:
    """Paths of the build context that a stage copies."""
    return [
        path for line in stage(name) if line.startswith("COPY ") and "--from" not in line for path in line.split()[1:-1]
    ]


@pytest.mark.parametrize("name", ["dashboard", "worker"])
def test_images_end_as_a_numbered_user_and_not_root(name: str) -> None:
    assert [line for line in stage(name) if line.startswith("USER ")] == ["USER 10001:10001"]


@pytest.mark.parametrize("name", ["dashboard", "wheel", "worker"])
def test_what_is_copied_exists_and_is_not_ignored(name: str) -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert copied(name)
    for path in copied(name):
        assert (ROOT / path).exists(), path
        assert path in let_in, path


def test_the_worker_holds_every_package() -> None:
    beside = {"LICENSE", "README.md", "pyproject.toml"}  # the wheel's description of itself
    assert {path.rstrip("/") for path in copied("wheel")} == {*PACKAGES, *beside}


def test_any_builder_can_build_it() -> None:
    text = "\n".join(LINES)
    assert "# syntax=" not in text
    assert "<<" not in text, "heredocs need BuildKit"
    assert "COPY --link" not in text
