from __future__ import annotations

import csv
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from search.data.decode import decode
from search.data.depth import PixelRange
from search.errors import BadInput
from search.models import predictions
from search.models.deployed import of_network
from search.models.folder import save_model
from search.models.sources import Source
from search.predict import main
from tests.search.data.encoded import png16
from tests.systems import linux_file_names, needs_pipes


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_image_gets_its_classes(
    source: Source,
    options: list[str],
    photographs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "answers.csv"
    main(["scratch/0", str(photographs), "--top", "2", "--output", str(output), *options])
    rows = read(output)
    assert [row["path"] for row in rows] == sorted(map(str, photographs.rglob("*.jpg")))
    assert list(rows[0]) == ["path", "class", "probability", "class_2", "probability_2"]
    classes, run = source.description.classes, of_network(source.network, source.description, torch.device("cpu")).run
    for row in rows[::7]:
        expected = run(decode(Path(row["path"]).read_bytes(), [None], 32, "stretch", 10**6))[0]
        first, second = np.argsort(-expected)[:2]
        assert (row["class"], row["class_2"]) == (classes[first], classes[second])
        assert float(row["probability"]) == pytest.approx(expected[first], abs=1e-4)
    said = capsys.readouterr()
    assert said.out == ""
    assert "70 images in " in said.err


def test_without_output_it_goes_to_standard_output(
    model_folder: Path, options: list[str], photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(model_folder), str(photographs / "day0" / "00.jpg"), *options])
    heading, row = capsys.readouterr().out.splitlines()
    assert heading == "path,class,probability"
    assert row.startswith(f"{photographs / 'day0' / '00.jpg'},class")


def test_what_cannot_be_read_is_named_and_skipped(
    options: list[str], photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photographs / "day0" / "notes.txt").write_text("sunny")
    (photographs / "day1" / "empty.jpg").touch()
    (photographs / "day1" / ".DS_Store").write_text("left by a system")
    output = tmp_path / "answers.csv"
    main(["scratch/0", str(photographs), "--output", str(output), *options])
    assert len(read(output)) == 70
    said = capsys.readouterr().err
    assert "skipped unreadable files: 2\n" in said
    assert f"  {photographs / 'day0' / 'notes.txt'}: a text file: remove it\n" in said
    assert f"  {photographs / 'day1' / 'empty.jpg'}: the file is empty: fetch it again\n" in said
    assert "; 2 unreadable" in said


@needs_pipes
def test_pipes_and_links_to_nothing_in_a_folder_are_skipped_by_name(
    options: list[str], photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(photographs / "day0" / "pipe.jpg")
    (photographs / "day1" / "gone.jpg").symlink_to("nowhere.jpg")
    main(["scratch/0", str(photographs), *options])
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1 + 70
    assert f"  {photographs / 'day0' / 'pipe.jpg'}: a pipe, not a file\n" in said.err
    assert f"  {photographs / 'day1' / 'gone.jpg'}: a link to nowhere.jpg, which does not exist\n" in said.err


@linux_file_names
def test_names_that_are_not_utf8_go_out_as_they_came(options: list[str], photographs: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xc4pfel.jpg")
    (photographs / "day0" / "00.jpg").rename(photographs / "day0" / name)
    main(["scratch/0", str(photographs / "day0" / name), "--output", str(tmp_path / "answers.csv"), *options])
    assert b"/day0/\xc4pfel.jpg,class" in (tmp_path / "answers.csv").read_bytes()


def refused(*arguments: str) -> str:
    with pytest.raises(BadInput) as caught:
        main(arguments)
    return str(caught.value)


def test_if_none_can_be_read_nothing_is_written(options: list[str], tmp_path: Path) -> None:
    folder, output = tmp_path / "texts", tmp_path / "answers.csv"
    folder.mkdir()
    (folder / "notes.txt").write_text("sunny")
    output.write_text("of the last run")
    message = refused("scratch/0", str(folder), "--output", str(output), *options)
    assert "none of the files is a readable image" in message
    assert f"{folder / 'notes.txt'}: a text file: remove it" in message
    assert output.read_text() == "of the last run"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_empty_folders_and_missing_files_are_named_together(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = refused("scratch/0", str(tmp_path / "empty"), str(tmp_path / "missing.jpg"), *options)
    assert "empty: holds no file; name a folder of images" in message
    assert "missing.jpg: No such file or directory" in message


@pytest.mark.parametrize("top", ["0", "4"])
def test_more_classes_than_there_are(options: list[str], photographs: Path, top: str) -> None:
    message = refused("scratch/0", str(photographs), "--top", top, *options)
    assert f"--top {top}: expected 1 to 3, the number of the model's classes" in message


def test_all_that_is_wrong_is_named_together(options: list[str], tmp_path: Path) -> None:
    missing, target = tmp_path / "missing.jpg", tmp_path / "nowhere" / "answers.csv"
    arguments = ["nomodel", str(missing), "--output", str(target), "--top", "0", *options]
    assert [line.split(": ")[0] for line in refused(*arguments).splitlines()[1:]] == [
        f"  - --output {target}",
        "  - images",
        "  - the model cannot be found",
        "  - --top 0",
    ]


@pytest.mark.parametrize("output", [".", "nowhere/answers.csv"])
def test_an_output_that_cannot_be_written_is_said_before_images_are_read(
    options: list[str], photographs: Path, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "classify", None)
    monkeypatch.chdir(photographs)
    message = refused("scratch/0", ".", "--output", output, *options)
    assert f"--output {output}: {'is a folder' if output == '.' else 'there is no folder nowhere'}" in message


def test_a_reader_that_has_seen_enough_is_no_error(model_folder: Path, photographs: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "search.predict", str(model_folder), str(photographs)]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, ""), "nothing is said of what nobody got"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_one_sentence(options: list[str], photographs: Path, model_folder: Path) -> None:
    message = refused("scratch/0", str(photographs), "--output", "/dev/full", *options)
    assert message == "the predictions cannot be written:\n  - --output /dev/full: No space left on device"
    command = [sys.executable, "-m", "search.predict", str(model_folder), str(photographs)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: standard output: No space left on device\n")


@needs_pipes
def test_a_pipe_is_written_to_and_stays_one(options: list[str], photographs: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read_through = pool.submit(pipe.read_text)
        main(["scratch/0", str(photographs), "--output", str(pipe), *options])
        assert len(read_through.result(timeout=500).splitlines()) == 71
    assert pipe.is_fifo()


def deep_file(path: Path, most: int) -> Path:
    """A grey image of 16 bits whose values go up to `most`."""
    values = np.linspace(0, most, 32 * 32).reshape(32, 32).astype(np.uint16)
    path.write_bytes(png16(values))
    return path


@pytest.fixture
def model_of_12_bits(source: Source, tmp_path: Path) -> Path:
    taken = source.description.input.model_copy(update={"pixel_range": (0, 4095)})
    known = source.description
    folder = tmp_path / "12"
    save_model(source.network, known.classes, taken, known.provenance, folder, temperature=known.temperature)
    return tmp_path / "12"


def probability(output: Path) -> float:
    (row,) = read(output)
    return float(row["probability"])


def test_deep_images_are_read_as_in_training(model_of_12_bits: Path, source: Source, options: list[str]) -> None:
    deep, output = deep_file(model_of_12_bits.parent / "deep.png", 4095), model_of_12_bits.parent / "answers.csv"
    main([str(model_of_12_bits), str(deep), "--output", str(output), *options])
    run = of_network(source.network, source.description, torch.device("cpu")).run
    expected = run(decode(deep.read_bytes(), [None], 32, "stretch", 10**6, PixelRange(0, 4095)))[0]
    assert probability(output) == pytest.approx(expected.max(), abs=1e-4)


def test_deep_images_of_another_range_are_refused_unless_it_is_named(
    model_folder: Path, model_of_12_bits: Path, options: list[str], tmp_path: Path
) -> None:
    dark, bright, output = deep_file(tmp_path / "dark.png", 4095), deep_file(tmp_path / "b.png", 65535), tmp_path / "a"
    said = "so it is nearly black in the model's range of 0 to 65,535; --set data.pixel_range=[BLACK, WHITE] changes"
    assert f"{dark}: its largest value is 4,095, {said}" in refused(str(model_folder), str(dark), *options)
    said = "its largest value is 65,535, so it is nearly white in the model's range of 0 to 4,095"
    assert f"{bright}: {said}" in refused(str(model_of_12_bits), str(bright), *options)
    named = ["--set", "data.pixel_range=[0, 4095]"]
    main([str(model_folder), str(dark), "--output", str(output), *named, *options])
    main([str(model_of_12_bits), str(dark), "--output", str(tmp_path / "same"), *options])
    assert probability(output) == probability(tmp_path / "same")


def test_other_proportions_of_the_classes(
    source: Source, options: list[str], photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, prior = tmp_path / "answers.csv", tmp_path / "prior.csv"
    prior.write_text("class,proportion\nclass0,0\nclass1,0\nclass2,1\n")
    main(["scratch/0", str(photographs), "--prior", str(prior), "--output", str(output), *options])
    assert {(row["class"], row["probability"]) for row in read(output)} == {("class2", "1.0000")}
    assert "class2 100.0% (33.3%)" in capsys.readouterr().err
    main(["scratch/0", str(photographs), "--prior", "auto", "--output", str(output), *options])
    assert "proportions, and in brackets those of training: class0 " in capsys.readouterr().err
    assert len(read(output)) == 70
    prior.write_text("class,proportion\nclass0,1\nclass1,1\nclass2,1\n")
    with pytest.raises(BadInput, match="sum to 3, not to 1"):
        main(["scratch/0", str(photographs), "--prior", str(prior), *options])
