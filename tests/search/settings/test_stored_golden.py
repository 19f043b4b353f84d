"""What 0.1.0 stored is read for ever. The files in `golden/0.1.0` are from its program: nobody writes them anew.

A later version adds a folder of its own here when what it stores has another form.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import BaseModel

from blocks.build import build
from search.errors import BadInput
from search.models.description import read_description
from search.models.folder import load_model
from search.settings.candidate import Candidate
from search.settings.spaces import EliminationSpace, ScratchSpace
from search.settings.stored import SCHEMA, SCHEMA_KEY, stored_candidate, stored_space, to_store

GOLDEN = Path(__file__).parent / "golden"
CANDIDATES = sorted(GOLDEN.glob("*/candidate-*.json"))
SPACES = sorted(GOLDEN.glob("*/space-*.json"))
MODELS = sorted(GOLDEN.glob("*/model*/model.json")) + sorted(GOLDEN.glob("*/model-*.json"))
REMOVED = {"frozen_views", "distillation", "teacher", "profile"}  # settings that are gone: see CHANGELOG.md
AS_BEFORE = {"trunk_decay": 1.0, "trainings": ["alone"]}  # what 0.1.0 did, and no setting said

Read = Callable[[Mapping[str, Any]], BaseModel]


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def lost(before: Any, after: Any, where: str = "") -> list[str]:
    """The values of a stored description that another one does not have, except for settings that were removed."""
    if isinstance(before, dict) and isinstance(after, dict):
        kept = {name: value for name, value in before.items() if name not in REMOVED}
        return [path for name, value in kept.items() for path in lost(value, after.get(name), f"{where}.{name}")]
    return [] if before == after else [f"{where}: {before} became {after}"]


def test_there_is_something_of_each_kind() -> None:
    assert (len(CANDIDATES), len(SPACES), len(MODELS)) == (4, 2, 3)


@pytest.mark.parametrize("path", CANDIDATES, ids=lambda path: path.stem)
def test_candidates_keep_all_that_they_said(path: Path) -> None:
    candidate = stored_candidate(read(path))
    assert lost(read(path), candidate.model_dump(mode="json")) == []
    assert candidate.recipe.trunk_decay == AS_BEFORE["trunk_decay"]
    assert candidate.exits == ()
    build(candidate.network)


@pytest.mark.parametrize("path", SPACES, ids=lambda path: path.stem)
def test_spaces_keep_all_that_they_said(path: Path) -> None:
    space = stored_space(read(path))
    assert lost(read(path), space.model_dump(mode="json")) == []
    assert isinstance(space, EliminationSpace | ScratchSpace)
    assert space.recipe.trunk_decay == AS_BEFORE["trunk_decay"]
    if isinstance(space, EliminationSpace):
        assert list(space.trainings) == AS_BEFORE["trainings"]


@pytest.mark.parametrize("version", sorted(path.name for path in GOLDEN.iterdir()))
def test_the_spaces_of_stored_settings_are_read(version: str) -> None:
    for name, stored in read(GOLDEN / version / "settings.json")["studies"].items():
        assert stored_space(stored).space == name


@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_models_keep_all_that_they_said(path: Path) -> None:
    described = read_description(path)
    assert lost(read(path), described.model_dump(mode="json")) == []
    assert (described.temperature, described.decision) == (1.0, None)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*/weights-*.json")), ids=lambda path: path.stem)
def test_networks_have_the_same_weights(path: Path) -> None:
    network = build(read_description(path.with_name(path.name.replace("weights", "model"))).network)
    kinds = {"F32": torch.float32, "I64": torch.int64}
    expected = {name: (kinds[kind], tuple(shape)) for name, (kind, shape) in read(path).items()}
    assert {name: (each.dtype, tuple(each.shape)) for name, each in network.state_dict().items()} == expected


def test_a_model_gives_the_same_answers() -> None:
    network, _ = load_model(GOLDEN / "0.1.0" / "model")
    images = torch.arange(2 * 3 * 32 * 32, dtype=torch.float32).reshape(2, 3, 32, 32).remainder(256) / 255
    with torch.inference_mode():
        logits = network.eval()(images).tolist()
    expected = json.loads((GOLDEN / "0.1.0" / "model" / "logits.json").read_text())
    assert all(
        math.isclose(one, other, abs_tol=1e-4)
        for row, expected_row in zip(logits, expected, strict=True)
        for one, other in zip(row, expected_row, strict=True)
    )


@pytest.mark.parametrize(("path", "as_read"), [(CANDIDATES[0], stored_candidate), (SPACES[0], stored_space)])
def test_what_is_stored_now_says_its_version(path: Path, as_read: Read) -> None:
    value = as_read(read(path))
    assert isinstance(value, Candidate | EliminationSpace | ScratchSpace)
    stored = to_store(value)
    assert stored[SCHEMA_KEY] == SCHEMA
    assert as_read(json.loads(json.dumps(stored))) == value


@pytest.mark.parametrize("as_read", [stored_candidate, stored_space])
@pytest.mark.parametrize("version", [SCHEMA + 1, "2", None, True])
def test_what_a_later_version_stored_is_refused(as_read: Read, version: object) -> None:
    path = CANDIDATES[0] if as_read is stored_candidate else SPACES[0]
    with pytest.raises(BadInput, match=f"stored with version {version} of its form, expected at most {SCHEMA}; update"):
        as_read(read(path) | {SCHEMA_KEY: version})


def test_a_model_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps(read(MODELS[0]) | {"format_version": 2}))
    with pytest.raises(BadInput, match="format_version 2, expected 1; load it with the program that saved it"):
        read_description(tmp_path / "model.json")
