"""The benchmark of one training of all cuts, on small images of two classes and for one epoch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import images
from benchmarks.one_training import UNCUT, Measured, difference, exits_of, main, name_of, named, one_in
from search.errors import BadInput
from search.settings.recipe import Recipe


def test_the_uncut_network_is_the_last_exit() -> None:
    exits = exits_of("tf_efficientnet_lite0", 32, 3)
    assert name_of(exits[-1]) == UNCUT
    assert [name_of(each) for each in one_in(8, exits)] == ["blocks.0.0", "blocks.4.0", UNCUT]


def test_a_name_that_is_no_cut_is_refused() -> None:
    exits = exits_of("tf_efficientnet_lite0", 32, 3)
    assert [name_of(each) for each in named(["uncut", "blocks.1.0"], exits)] == ["blocks.1.0", UNCUT]
    with pytest.raises(BadInput, match=r"--cuts blocks\.9: expected one of blocks\.0\.0, .*, uncut"):
        named(["blocks.9", "uncut"], exits)


def test_a_difference_names_its_worst_cut() -> None:
    ours = [Measured({"a": 0.5, "b": 0.9}, 10), Measured({"a": 0.7, "b": 0.9}, 10)]
    theirs = [Measured({"a": 0.5, "b": 0.95}, 40), Measured({"a": 0.5, "b": 0.95}, 40)]
    assert difference(ours, theirs) == "mean difference +0.0250, worst -0.0500 at b, 0.25 of the CPU seconds"
    half = [Measured({"b": 0.95}, 20)]
    assert (
        difference(ours, half)
        == "mean difference -0.0500, worst -0.0500 at b, 0.50 of the CPU seconds (estimated from 1 of 2 networks)"
    )


def test_both_ways_are_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=2, images=24)
    known = [
        "--data",
        str(tmp_path / "images"),
        "--cache-dir",
        str(tmp_path / "cache"),
        "--sizes",
        "32",
        "--every",
        "8",
    ]
    main([*known, "--epochs", "1", "--alone-epochs", "1", "--json", str(tmp_path / "all.jsonl")])
    said = capsys.readouterr().out.splitlines()
    assert said[3].startswith("shared, 1 epochs")
    assert said[4].startswith("separate, old recipe")
    assert said[5].startswith("compared with separate, old recipe: mean difference ")
    trainings = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [each["cut"] for each in trainings] == [None, "blocks.0.0", "blocks.4.0", UNCUT]
    assert [list(each["f1_macro"])[-1] for each in trainings] == [UNCUT, "blocks.0.0", "blocks.4.0", UNCUT]
    assert [each["recipe"]["trunk_decay"] for each in trainings] == [Recipe().trunk_decay, 1.0, 1.0, 1.0]
    main([*known, "--epochs", "1", "--alone-epochs", "1", "--json", str(tmp_path / "all.jsonl")])
    assert capsys.readouterr().out.splitlines()[1:] == said[1:], "what is kept is not trained again"


def test_some_cuts_from_random_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=2, images=24)
    known = ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache"), "--sizes", "32"]
    known += ["--epochs", "1", "--json", str(tmp_path / "all.jsonl"), "--cuts", "blocks.1.0"]
    main([*known, "--random", "--only-shared", "--same-recipe"])
    shared, separate = (json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines())
    assert list(separate["f1_macro"]) == ["blocks.1.0"]
    assert len(shared["f1_macro"]) == 17
    assert not shared["pretrained"]
    assert "compared with separate, 1 epochs: mean difference " in capsys.readouterr().out


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(BadInput, match="--recipe"):
        main(["--data", "x", "--recipe", '{"speed": 1}'])
