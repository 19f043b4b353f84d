from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from search.data.decode import decode
from search.errors import BadInput
from search.evaluate import main
from search.export import main as export
from search.models.deployed import of_network
from search.models.folder import save_model
from search.models.sources import Source
from tests.systems import linux_file_names, needs_pipes


@pytest.fixture
def labelled(images: Path, tmp_path: Path) -> Path:
    """Four images of each class, to add to."""
    root = tmp_path / "labelled"
    for name in ("class0", "class1", "class2"):
        (root / name).mkdir(parents=True)
        for number in range(4):
            shutil.copy(images / name / f"{number}.png", root / name)
    return root


def test_scores_are_those_of_the_answers(
    source: Source, labelled: Path, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scratch/0", str(labelled), "--json", "--png", str(tmp_path / "matrix.png"), *options])
    scores = json.loads(capsys.readouterr().out)
    run = of_network(source.network, source.description, torch.device("cpu")).run
    confusion = np.zeros((3, 3), dtype=int)
    for true in range(3):
        for path in (labelled / f"class{true}").iterdir():
            confusion[true, run(decode(path.read_bytes(), [None], 32, "stretch", 10**6)).argmax()] += 1
    assert scores["confusion"] == confusion.tolist()
    assert scores["pictures"] == 12
    assert scores["accuracy"] == confusion.trace() / 12
    f1 = [2 * confusion[i, i] / (confusion[i].sum() + confusion[:, i].sum()) for i in range(3)]
    assert scores["f1_per_class"] == pytest.approx(f1)
    assert scores["f1_macro"] == pytest.approx(sum(f1) / 3)
    with Image.open(tmp_path / "matrix.png") as image:
        assert image.format == "PNG"


def test_for_people_there_are_two_tables(
    labelled: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scratch/0", str(labelled), *options])
    said = capsys.readouterr().out
    assert "on 12 images" in said
    assert "confusion matrix (rows: true class, columns: predicted class):" in said
    assert sum(line.strip().startswith("class0 ") for line in said.splitlines()) == 1


def test_names_of_classes_are_no_markup(
    source: Source, labelled: Path, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = ("[/glass]", "[red] paper", ":car:")
    save_model(source.network, classes, source.description.input, source.description.provenance, tmp_path / "marked")
    for number, name in enumerate(("[bold]", *classes[1:])):  # of a list a class may have a slash, of a folder not
        (labelled / f"class{number}").rename(labelled / name)
    main([str(tmp_path / "marked"), str(labelled), *options])
    said = capsys.readouterr().out
    assert [said.count(name) for name in classes] == [3, 2, 2]
    assert "left out, not a class of the model: [bold]" in said
    assert "classes without images: [/glass]" in said


def test_folders_that_are_no_class_and_classes_without_folder_are_named(
    labelled: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (labelled / "class2").rename(labelled / "glass")
    (labelled / "class1" / "notes.txt").write_text("sunny")
    main(["scratch/0", str(labelled), "--json", *options])
    said = capsys.readouterr()
    scores = json.loads(said.out)
    assert (scores["unknown_folders"], scores["classes_without_folder"]) == (["glass"], ["class2"])
    assert (scores["pictures"], scores["unreadable"]) == (8, 1)
    assert "notes.txt: a text file: remove it" in said.err
    main(["scratch/0", str(labelled), *options])
    said = capsys.readouterr()
    assert "left out, not a class of the model: glass" in said.out
    assert "classes without images: class2" in said.out


def refused(*arguments: str) -> str:
    with pytest.raises(BadInput) as caught:
        main(arguments)
    return str(caught.value)


def test_no_folder_that_is_a_class(labelled: Path, options: list[str]) -> None:
    for folder in list(labelled.iterdir()):
        folder.rename(folder.with_name(f"of {folder.name}"))
    message = refused("scratch/0", str(labelled), *options)
    assert "no folder has the name of a class" in message
    assert "the model's classes are class0, class1, class2: rename the folders" in message


def test_folders_that_hardly_differ_from_a_class_are_refused(labelled: Path, options: list[str]) -> None:
    (labelled / "class0").rename(labelled / "Class0")
    message = refused("scratch/0", str(labelled), *options)
    assert "folder 'Class0' differs from the class 'class0' in case: did you mean it? Rename the folder" in message


@needs_pipes
def test_what_is_passed_over_is_said_and_what_is_no_file_is_skipped_by_name(
    labelled: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(labelled / "class1", labelled / "class0" / "@eaDir")
    (labelled / "class2").rename(labelled.parent / "class2")
    (labelled / "class2").symlink_to(labelled.parent / "class2")
    os.mkfifo(labelled / "class0" / "pipe")
    (labelled / "notes.txt").touch()
    main(["scratch/0", str(labelled), "--json", *options])
    said = capsys.readouterr()
    assert (json.loads(said.out)["pictures"], json.loads(said.out)["unreadable"]) == (12, 1)
    assert f"{labelled}: files in no class folder (1) are not used: notes.txt\n" in said.err
    assert f"{labelled}: ignored 4 files in 1 folder, which are hidden or left by a NAS" in said.err
    assert f"{labelled / 'class0' / 'pipe'}: a pipe, not a file" in said.err


@linux_file_names
def test_names_that_are_not_utf8_are_shown_escaped(
    labelled: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (labelled / "class2").rename(labelled / os.fsdecode(b"\xc4pfel"))
    root = labelled.rename(labelled.with_name(os.fsdecode(b"bilder_\xfc")))
    main(["scratch/0", str(root), "--png", str(labelled.parent / "matrix.png"), *options])
    assert "left out, not a class of the model: \\udcc4pfel\n" in capsys.readouterr().out
    main(["scratch/0", str(root), "--json", *options])
    assert json.loads(capsys.readouterr().out)["unknown_folders"] == ["\\udcc4pfel"]


def test_a_class_folder_that_is_a_link_to_nothing(labelled: Path, options: list[str]) -> None:
    (labelled / "class3").symlink_to(labelled / "nowhere")
    message = refused("scratch/0", str(labelled), *options)
    assert f"class3: a link to {labelled / 'nowhere'}, which does not exist" in message


def test_what_is_no_labelled_folder(labelled: Path, options: list[str], tmp_path: Path) -> None:
    assert "does not exist" in refused("scratch/0", str(tmp_path / "missing"), *options)
    assert "has no class folders" in refused("scratch/0", str(labelled / "class0"), *options)
    (tmp_path / "empty" / "class0").mkdir(parents=True)
    assert "its class folders hold no files" in refused("scratch/0", str(tmp_path / "empty"), *options)
    for split in ("train", "test"):
        shutil.copytree(labelled, tmp_path / "splits" / split)
    message = refused("scratch/0", str(tmp_path / "splits"), *options)
    assert "holds splits (test, train); name the folder of one of them" in message


def test_all_that_is_wrong_is_named_together(options: list[str], tmp_path: Path) -> None:
    missing, target = tmp_path / "missing", tmp_path / "nowhere" / "matrix.png"
    message = refused("nomodel", str(missing), "--png", str(target), *options)
    assert f"--png {target}: there is no folder {target.parent}; create it first" in message
    assert f"{missing} does not exist: expected a folder with one folder of images per class" in message
    assert "nomodel: no such folder" in message
    assert "DATA_DIR" not in message


def test_a_image_that_cannot_be_written(labelled: Path, options: list[str], tmp_path: Path) -> None:
    assert f"--png {tmp_path}: is a folder" in refused("scratch/0", str(labelled), "--png", str(tmp_path), *options)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk(labelled: Path, options: list[str], tmp_path: Path) -> None:
    full = tmp_path / "matrix.png"
    full.symlink_to("/dev/full")
    assert f"--png {full}: No space left on device" in refused("scratch/0", str(labelled), "--png", str(full), *options)


def test_a_class_without_images_counts_in_no_score(
    labelled: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scratch/0", str(labelled), "--json", *options])
    confusion = np.array(json.loads(capsys.readouterr().out)["confusion"])
    favourite = (confusion.sum(axis=0) - confusion.diagonal()).argmax()
    shutil.rmtree(labelled / f"class{favourite}")
    main(["scratch/0", str(labelled), "--json", *options])
    scores = json.loads(capsys.readouterr().out)
    assert sum(row[favourite] for row in scores["confusion"]) > 0, "others are taken for it"
    assert scores["f1_macro"] == pytest.approx(sum(np.delete(scores["f1_per_class"], favourite)) / 2)


def test_a_searchs_model_does_not_meet_its_test_split(images: Path, options: list[str], tmp_path: Path) -> None:
    message = refused("scratch/0", str(images), *options)
    assert f"{images} looks like the data set that this model was searched on, including its test images" in message
    assert "use python -m search.finalize for test scores" in message
    export(["scratch/0", "--format", "onnx", "--output", str(tmp_path / "out"), *options])
    shutil.copytree(images, tmp_path / "copy")
    assert "including its test images" in refused(str(tmp_path / "out"), str(tmp_path / "copy"))
    for name in ("class0", "class1", "class2"):  # as many as of each class are in test
        (tmp_path / "test" / name).mkdir(parents=True)
        for number in range(3):
            shutil.copy(images / name / f"{number}.png", tmp_path / "test" / name)
    assert "including its test images" in refused("scratch/0", str(tmp_path / "test"), *options)
    main(["scratch/0", str((tmp_path / "test").rename(tmp_path / "new")), *options])


def test_what_not_deciding_gains(
    source: Source, labelled: Path, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scratch/0", str(labelled), "--json", *options])
    without = json.loads(capsys.readouterr().out)
    assert without["decided"] is without["coverage"] is without["precision_of_decided"] is None
    export(["scratch/0", "--format", "onnx", "--output", str(tmp_path / "sure"), "--reject", "0.3", *options])
    capsys.readouterr()
    main([str(tmp_path / "sure"), str(labelled), "--json", *options])
    scores = json.loads(capsys.readouterr().out)
    curve = scores["risk_coverage"]
    assert [point["coverage"] for point in curve] == pytest.approx([part / 20 for part in range(1, 21)])
    assert curve[-1]["risk"] == pytest.approx(1 - scores["accuracy"])
    assert 0 < scores["decided"] <= 12
    assert scores["coverage"] == scores["decided"] / 12
    assert 0 <= scores["precision_of_decided"] <= 1
    main([str(tmp_path / "sure"), str(labelled), *options])
    said = capsys.readouterr().out
    assert f"with the model's thresholds: decided {scores['decided']} of 12 images" in said
    assert f"{1 - scores['accuracy']:.1%} of the surest 100%" in said


def in_all_classes(labelled: Path, name: str) -> None:
    """Put one image into all three classes: two of its labels are wrong, whatever a model answers."""
    for number in range(3):
        shutil.copy(labelled / "class0" / "0.png", labelled / f"class{number}" / name)


def test_mistakes_are_shown_with_where_the_network_looked(
    source: Source, model_folder: Path, labelled: Path, options: list[str], tmp_path: Path
) -> None:
    in_all_classes(labelled, "<b>dark.png")
    main(["scratch/0", str(labelled), "--json", "--mistakes", str(tmp_path / "wrong"), *options])
    lines = list(csv.DictReader((tmp_path / "wrong" / "mistakes.csv").read_text(encoding="utf-8").splitlines()))
    run = of_network(source.network, source.description, torch.device("cpu")).run
    expected = {}
    for path in labelled.rglob("*.png"):
        (probabilities,) = run(decode(path.read_bytes(), [None], 32, "stretch", 10**6))
        answer, given = f"class{probabilities.argmax()}", path.parent.name
        if answer != given:
            expected[path.relative_to(labelled).as_posix()] = (given, answer, float(probabilities.max()))
    assert {line["file"]: (line["given"], line["answer"]) for line in lines} == {
        name: (given, answer) for name, (given, answer, _) in expected.items()
    }
    assert sum("<b>dark.png" in name for name in expected) == 2, "one of three is right"
    for line in lines:
        assert float(line["probability"]) == pytest.approx(expected[line["file"]][2], abs=1e-3)
    confidences = [float(line["probability"]) for line in lines]
    assert confidences == sorted(confidences, reverse=True)
    text = (tmp_path / "wrong" / "mistakes.html").read_text(encoding="utf-8")
    assert text.count("alt='where the network looked'") == len(lines)
    assert text.count("/&lt;b&gt;dark.png</span>") == 2
    assert "<b>dark" not in text
    main([str(model_folder), str(labelled), "--json", "--mistakes", str(tmp_path / "wrong"), *options])
    assert (tmp_path / "wrong" / "mistakes.html").read_text(encoding="utf-8") == text.replace(
        "Mistakes of scratch/0", f"Mistakes of {model_folder}"
    ), "an earlier page is replaced"


def test_mistakes_of_an_export_have_pictures_and_say_what_maps_need(
    labelled: Path, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_all_classes(labelled, "dark.png")
    for form, maps in (("onnx", False), ("safetensors", True)):
        export(["scratch/0", "--format", form, "--output", str(tmp_path / form), *options])
        main([str(tmp_path / form), str(labelled), "--mistakes", str(tmp_path / f"of-{form}"), *options])
        assert ("evaluate the trial, or an export with --format safetensors" in capsys.readouterr().err) != maps
        text = (tmp_path / f"of-{form}" / "mistakes.html").read_text(encoding="utf-8")
        assert ("where the network looked'" in text) == maps
        assert text.count("/dark.png</span>") == 2


def test_folders_that_cannot_hold_mistakes_are_refused(labelled: Path, options: list[str], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    message = refused("scratch/0", str(labelled), "--mistakes", str(tmp_path / "mine"), *options)
    assert f"--mistakes {tmp_path / 'mine'}: holds other files (notes.txt)" in message
    message = refused("nomodel", str(labelled), "--mistakes", str(labelled / "wrong"), *options)
    assert "lies among the images, where it would count as a class" in message
    assert "nomodel: no such folder" in message, "all problems at once"
    assert not (labelled / "wrong").exists()
