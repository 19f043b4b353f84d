from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.errors import BadInput
from search.export import main as export
from search.models.formats.registry import FORMATS
from search.verify import main


@pytest.fixture
def exported(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    export(["scratch/0", "--format", "torchscript", "--output", str(tmp_path / "out"), *options])
    capsys.readouterr()
    return tmp_path / "out"


def change(folder: Path, **changes: object) -> None:
    path = folder / "golden.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_copy_is_verified_from_inputs_and_from_files(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = exported.rename(exported.with_name("copy"))
    assert main([str(copy)]) == 0
    heading, *rows, sentence = capsys.readouterr().out.splitlines()
    assert heading.split() == ["picture", "class", "difference", "decoded", "here"]
    assert [row.split()[:2] for row in rows] == [
        [f"golden/picture-{number + 1}.png", f"class{number % 3}"] for number in range(6)
    ]
    assert sentence.startswith("PyTorch answers as it should: the largest difference is ")
    assert sentence.endswith("; 0.0001 is allowed.")


def test_other_answers_and_other_decoding_are_told_apart(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = exported / "golden" / "picture-1.png"
    pixels = np.asarray(Image.open(first))
    Image.fromarray(255 - pixels).save(first)
    assert main([str(exported)]) == 1
    assert "answers as it should to the network's inputs. But the pictures are decoded" in capsys.readouterr().out
    golden = json.loads((exported / "golden.json").read_text())
    for each in golden["pictures"]:
        each["probabilities"].reverse()
    change(exported, pictures=golden["pictures"])
    assert main([str(exported)]) == 1
    assert "PyTorch answers differently: the largest difference is 0." in capsys.readouterr().out


def test_the_answers_of_a_program(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    golden = json.loads((exported / "golden.json").read_text())
    answers = {each["input"]: each["probabilities"] for each in golden["pictures"]}
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    arguments = [str(exported), "--answers", str(tmp_path / "answers.json")]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].split() == ["answer", "to", "difference", "allowed"]
    assert said.endswith("Your program answers as it should.\n")
    answers["golden/input-2.png"].reverse()
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    assert main(arguments) == 1
    assert "Your program answers differently to 1 of 6.\nNo usual error explains it" in capsys.readouterr().out


def test_what_is_no_export_is_refused(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"golden\.json: No such file or directory; expected the folder of an export"):
        main([str(tmp_path)])
    missing = FORMATS["torchscript"].__class__("model.pt", "", "PyTorch", "torch", runners=("no_such_module",))
    monkeypatch.setitem(FORMATS, "torchscript", missing)
    with pytest.raises(BadInput, match=r"needs no_such_module, which is not installed: pip install"):
        main([str(exported)])
    change(exported, format="abacus")
    with pytest.raises(BadInput, match="unknown format abacus; expected onnx, "):
        main([str(exported)])
