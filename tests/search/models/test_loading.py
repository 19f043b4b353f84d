from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from search.data.decode import decode
from search.errors import BadInput
from search.models import pytorch_models
from search.models.deployed import CPU, Deployed, of_network
from search.models.formats.onnx import FORMAT as ONNX
from search.models.loading import open_classifier
from search.models.sources import Source
from search.settings.search import Settings
from tests.house import ROOT


def test_what_onnx_cannot_take_is_run_by_pytorch_and_said(
    model_folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    expected = open_classifier(str(model_folder), settings).run(images)

    def refuse(*_: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(pytorch_models, "through_onnx", refuse)
    assert np.allclose(open_classifier(str(model_folder), settings).run(images), expected, atol=1e-5)
    assert f"ONNX Runtime cannot run {model_folder}; using PyTorch, which is slower: no such operator" in caplog.text


@pytest.mark.parametrize(
    ("where", "refusal"),
    [
        ("nomodel", "nomodel: no such folder, and not the name of a trial; expected an exported file or its folder"),
        ("empty", "model.safetensors: no such file; a model is model.json with model.safetensors beside it"),
        (
            "notes.txt",
            (
                "notes.txt: not an exported model; expected .html, .mlpackage, .onnx, .param, .pt, .pt2, .pte, "
                ".safetensors, .tflite, .xml"
            ),
        ),
    ],
)
def test_what_is_no_model_is_refused_before_pytorch_is_imported(
    where: str, refusal: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "search.models.pytorch_models", None)
    with pytest.raises(BadInput, match=re.escape(refusal)):
        open_classifier(where, settings)


WITHOUT_PYTORCH = """
import sys
from search.__main__ import main
model, folder, rows, cells = sys.argv[1:]
main(["predict", model, folder, "--output", rows], "elimnet")
main(["evaluate", model, folder, "--json"], "elimnet")
with open(cells, "w") as file:
    print(*sorted(sys.modules), file=file)
"""


def test_an_exported_onnx_model_answers_and_is_scored_without_pytorch(
    source: Source, images: Path, tmp_path: Path, bare_environment: None
) -> None:
    deployed = Deployed(source.network, source.description.temperature).eval()
    ONNX.write(deployed, ONNX.description(source.description), tmp_path / "model.onnx")
    labelled = tmp_path / "labelled"  # fewer than its search had, which would be taken for its images
    for name in source.description.classes:
        (labelled / name).mkdir(parents=True)
        shutil.copy(images / name / "0.png", labelled / name)
    rows, modules = tmp_path / "rows.csv", tmp_path / "modules.txt"
    command = [sys.executable, "-c", WITHOUT_PYTORCH, *map(str, (tmp_path, labelled, rows, modules))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    assert (len(rows.read_text().splitlines()), scores["pictures"]) == (1 + 3, 3)
    pixels = np.stack([decode(path.read_bytes(), [None], 32, "stretch", 10**6)[0] for path in labelled.rglob("*.png")])
    expected = Counter(of_network(source.network, source.description, CPU).run(pixels).argmax(axis=1).tolist())
    assert np.sum(scores["confusion"], axis=0).tolist() == [expected[index] for index in range(3)]
    loaded = {name.partition(".")[0] for name in modules.read_text().split()}
    assert "onnxruntime" in loaded
    assert loaded & {"matplotlib", "onnx", "optuna", "scipy", "sklearn", "sqlalchemy", "timm", "torch"} == set()
