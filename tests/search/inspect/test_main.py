"""`python -m search.inspect` on small images: a planted error is found, shown, and can be corrected."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from search.errors import BadInput
from search.inspect.__main__ import main
from search.settings.recipe import Recipe
from tests.conftest import WriteConfig, tiny_elimination

TEN = 10


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Three classes of bright, grey and dark images of noise. One dark image is called bright, and one is copied."""
    root, random = tmp_path / "planted", np.random.default_rng(1)
    for name, least in (("bright", 160), ("dark", 0), ("grey", 80)):
        (root / name).mkdir(parents=True)
        for number in range(4 * TEN):
            coarse = random.integers(least, least + 90, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize((48, 32), Image.Resampling.BICUBIC).save(root / name / f"{number:02}.png")
    shutil.move(root / "dark" / "00.png", root / "bright" / "<b>wrong.png")
    with Image.open(root / "grey" / "01.png") as image:
        image.save(root / "grey" / "again.jpg", quality=95)
    return root


@pytest.fixture
def options(write_config: WriteConfig, weights_dir: Path, planted: Path) -> list[str]:
    torch.manual_seed(0)
    save_file(timm.create_model("test_resnet").state_dict(), weights_dir / "test_resnet.safetensors")
    data = {"source": "folder", "path": str(planted)}
    studies = {"elimination": tiny_elimination(initial_weights="pretrained")}
    return ["--config", str(write_config(data=data, studies=studies, weights_dir=str(weights_dir)))]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """One epoch is enough to see that a network is trained."""
    monkeypatch.setattr("search.inspect.training.RECIPE", Recipe(epochs=1))


def test_page_table_and_corrections(
    options: list[str], tmp_path: Path, planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in planted.rglob("*"))
    main([*options, "--test"])
    said = capsys.readouterr().out
    assert "probable label errors: " in said
    assert "The test images were looked at, as --test asks." in said
    assert "groups of near copies: 1" in said
    page = (tmp_path / "runs/tiny/inspect.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;wrong.png" in page
    assert "<b>wrong.png" not in page
    assert not re.findall(r"(?:src|href)=['\"](?!data:image/jpeg;base64,)", page), "nothing is loaded"
    assert page.count("data:image/jpeg;base64,") >= 3
    assert sorted((path, path.stat().st_mtime_ns) for path in planted.rglob("*")) == before
    lines = list(csv.DictReader((tmp_path / "runs/tiny/corrections.csv").read_text(encoding="utf-8").splitlines()))
    (wrong,) = [line for line in lines if line["file"] == "bright/<b>wrong.png"]
    assert (wrong["given"], wrong["proposed"], wrong["action"]) == ("bright", "dark", "keep")
    assert "label error" in wrong["reason"]
    assert {line["file"] for line in lines if "near copies 1" in line["reason"]} == {"grey/01.png", "grey/again.jpg"}


def test_corrections_are_handed_back_and_never_overwritten(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*options, "--test", "--json"])
    first = json.loads(capsys.readouterr().out)
    assert "bright/<b>wrong.png" in [each["file"] for each in first["label_errors"]]
    assert [sorted(each["files"]) for each in first["near_copies"]] == [["grey/01.png", "grey/again.jpg"]]
    file = tmp_path / "runs/tiny/corrections.csv"
    edited = "file,given,proposed,action\nbright/<b>wrong.png,bright,dark,relabel\n"
    file.write_text(edited, encoding="utf-8")
    main([*options, "--test", "--json", "--set", f"data.corrections={file}"])
    second = json.loads(capsys.readouterr().out)
    assert "bright/<b>wrong.png" not in [each["file"] for each in second["label_errors"]]
    assert second["data"]["fingerprint"] != first["data"]["fingerprint"]
    assert file.read_text(encoding="utf-8") == edited
    main([*options])
    assert "which was there: remove it for new proposals" in capsys.readouterr().out.replace("\n", " ")


def test_the_list_is_handed_back_as_it_was_written(options: list[str], tmp_path: Path) -> None:
    main([*options, "--test"])
    file = tmp_path / "runs/tiny/corrections.csv"
    before = file.read_bytes()
    main([*options, "--test", "--set", f"data.corrections={file}"])
    assert file.read_bytes() == before


def test_test_images_stay_unseen_unless_asked_for(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*options, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["looked_at"] == ["train", "validation"]
    listed = {each["split"] for each in found["label_errors"] + found["outliers"]}
    assert listed <= {"train", "validation"}
    assert "· test<" not in (tmp_path / "runs/tiny/inspect.html").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_refused(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written") as refused:
        main([*options, "--output", str(tmp_path / "file" / "x")])
    assert "--output" in refused.value.problems[0]


def test_unknown_images_are_counted(
    options: list[str], tmp_path: Path, unknown_images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*options, "--set", f"data.unknown={unknown_images}"])
    said = capsys.readouterr().out
    assert re.search(r"unknown, of no class +12 +4 +4\b", said)
    page = (tmp_path / "runs/tiny/inspect.html").read_text(encoding="utf-8")
    assert "<td>unknown, of no class</td><td>12</td><td>4</td><td>4</td>" in page
