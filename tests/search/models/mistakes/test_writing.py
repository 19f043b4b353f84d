"""The page and the list of a tiny network's mistakes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from blocks.build import build
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.errors import BadInput
from search.models.classifier import Images
from search.models.mistakes.folder import LIST, PAGE
from search.models.mistakes.found import Mistakes, wrong_answers
from search.models.mistakes.writing import MOST_SHOWN, write_mistakes
from search.statistics.confusion import confusion_matrix
from tests.networks import CLASSES, SIZE, tiny_network


def wrong(count: int, right: int = 1) -> Mistakes:
    """`count` images of the first class that are taken for the second with 3/4, and `right` that are not."""
    labels, answers = np.zeros(count + right, dtype=np.int64), np.array([1] * count + [0] * right)
    probabilities = np.zeros((count + right, CLASSES), dtype=np.float32)
    probabilities[np.arange(count + right), answers] = 0.75
    return Mistakes(
        title="Mistakes",
        facts=(),
        classes=("cup", "jug", "pot"),
        confusion=confusion_matrix(labels, answers, CLASSES),
        wrong=wrong_answers([f"cup/{number}.jpg" for number in range(count + right)], labels, answers, probabilities),
    )


def read(rows: Sequence[int]) -> Images:
    return np.random.default_rng(0).integers(0, 256, (len(rows), SIZE, SIZE, 3), dtype=np.uint8)


def test_a_network_shows_where_it_looked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mistakes(tmp_path / "wrong", wrong(20), read, tiny_network().eval())
    text = (tmp_path / "wrong" / PAGE).read_text(encoding="utf-8")
    assert text.count("alt='where the network looked'") == 20
    assert "The map is exact (class activation map)" in text
    assert f"wrote {tmp_path / 'wrong' / PAGE} and {LIST}: 20 of 21 images are wrong" in capsys.readouterr().err


def test_an_approximate_map_is_called_so(tmp_path: Path) -> None:
    specification = EliminatedSpecification(
        backbone="test_convnext", cut=None, image_size=64, classes=CLASSES, head=HeadSpecification(kind="original")
    )
    torch.manual_seed(0)
    large = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    write_mistakes(tmp_path / "wrong", wrong(2), lambda rows: large, build(specification).eval())
    assert "approximation (Grad-CAM)" in (tmp_path / "wrong" / PAGE).read_text(encoding="utf-8")


def test_a_network_that_has_no_map_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = tiny_network().eval()
    shrunk = np.zeros((1, 4, 4, 3), dtype=np.uint8)  # after two strides of 2, one place is left
    write_mistakes(tmp_path / "wrong", wrong(1), lambda rows: shrunk, network)
    said = "There are no maps of where the network looked: its last feature map has a single place."
    assert said in (tmp_path / "wrong" / PAGE).read_text(encoding="utf-8")
    assert said in capsys.readouterr().err


def test_an_exported_graph_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mistakes(tmp_path / "wrong", wrong(1), read, None)
    text = (tmp_path / "wrong" / PAGE).read_text(encoding="utf-8")
    assert "an exported graph shows no feature maps: evaluate the trial, or an export with --format safetensors" in text
    assert text.count("<img") == 1
    assert "evaluate the trial, or an export with --format safetensors" in capsys.readouterr().err


def test_the_list_has_all_and_the_page_the_most_confident(tmp_path: Path) -> None:
    write_mistakes(tmp_path, wrong(MOST_SHOWN + 2), read, None)
    lines = list(csv.DictReader((tmp_path / LIST).read_text(encoding="utf-8").splitlines()))
    assert len(lines) == MOST_SHOWN + 2
    assert lines[3] == {
        "file": "cup/3.jpg",
        "given": "cup",
        "answer": "jug",
        "probability": "0.7500",
        "given_probability": "0.0000",
    }
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert text.count("<li ") == MOST_SHOWN
    assert "The 500 most confident of 502 wrong answers are shown." in text


def test_no_mistake_leaves_a_heading_and_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mistakes(tmp_path / "wrong", wrong(0), read, None)
    heading = (tmp_path / "wrong" / LIST).read_text(encoding="utf-8")
    assert heading == "file,given,answer,probability,given_probability\n"
    assert "No image was answered wrongly." in (tmp_path / "wrong" / PAGE).read_text(encoding="utf-8")
    assert "no maps" not in capsys.readouterr().err


def test_an_earlier_page_stays_if_the_new_one_cannot_be_made(tmp_path: Path) -> None:
    write_mistakes(tmp_path, wrong(1), read, None)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def gone(rows: Sequence[int]) -> Images:
        raise BadInput("files have changed", ["a.jpg: no such file"])

    with pytest.raises(BadInput, match="files have changed"):
        write_mistakes(tmp_path, wrong(2), gone, None)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
