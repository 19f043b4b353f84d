"""Other ways to train all cuts together: what their steps change, on the real backbone with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import images
from benchmarks.exit_methods import METHODS, Phases, Prefix, Prefixes, Sandwich, Teacher, lower_part, main
from benchmarks.one_training import CPU, exits_of, one_in
from blocks.multi_exit import MultiExitNetwork, build_multi_exit
from search.data.arrays import Arrays
from search.settings.recipe import Recipe
from search.training.multi_exit import MultiExitTraining
from search.training.plan import Plan, TrainingData

EXITS = one_in(4, exits_of("tf_efficientnet_lite0", 32, 3))


@pytest.fixture
def network() -> MultiExitNetwork:
    torch.manual_seed(0)
    return build_multi_exit(EXITS)


def training(method: str, network: MultiExitNetwork, epochs: int = 3) -> MultiExitTraining:
    pictures = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    data = TrainingData(Arrays(pictures, np.array([0, 1, 2, 0, 1, 2])), None)
    return METHODS[method](network, Plan(Recipe(epochs=epochs, batch_size=2), 0, pretrained=True), data, CPU)


def changed(
    network: MultiExitNetwork, method: str, choice: dict[int, float], monkeypatch: pytest.MonkeyPatch
) -> set[str]:
    """Names of the parameters that one step with these exits changes."""
    monkeypatch.setattr(METHODS[method], "choose", lambda _self, _step: choice)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    trained = training(method, network)
    network.train()
    _, predictions = trained.step(torch.rand(2, 3, 32, 32), torch.tensor([0, 1]))
    assert predictions.shape == (len(EXITS), 2)
    return {name for name, value in network.named_parameters() if not torch.equal(value, before[name])}


def test_a_lower_part_has_the_same_weights_and_logits(network: MultiExitNetwork) -> None:
    part = lower_part(network, 1)
    mine = dict(network.named_parameters())
    assert all(value is mine[name] for name, value in part.named_parameters())
    assert len(list(part.parameters())) < len(mine)
    inputs = torch.rand(2, 3, 32, 32)
    network.eval(), part.eval()
    assert torch.equal(part(inputs), network(inputs)[:2])


def test_a_step_of_one_exit_changes_its_head_and_the_trunk_below_it(
    network: MultiExitNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = changed(network, "prefix", {1: 1.0}, monkeypatch)
    assert {name for name in names if name.startswith("head.")} == {
        "head.1.classifier.weight",
        "head.1.classifier.bias",
    }
    below = {f"trunk.{name}" for name, _ in lower_part(network, 1).trunk.named_parameters()}
    assert {name for name in names if name.startswith("trunk.")} <= below


def test_exits_of_a_step(network: MultiExitNetwork) -> None:
    exits = len(EXITS)
    prefix, prefixes = training("prefix", network), training("prefixes", network)
    assert isinstance(prefix, Prefix)
    assert isinstance(prefixes, Prefixes)
    assert list(prefix.choose(0)) == list(prefixes.choose(0)) == list(range(exits))
    weights = [((exits - number) / exits) ** 3 for number in range(exits)]
    ((number, factor),) = prefix.choose(1).items()
    assert factor * weights[number] == pytest.approx(sum(weights))
    assert {len(prefixes.choose(1)) for _ in range(100)} == set(range(1, exits + 1))

    sandwich = training("sandwich", network)
    assert isinstance(sandwich, Sandwich)
    chosen = [sandwich.choose(step) for step in range(100)]
    assert all(next(iter(each)) == 0 and list(each)[-1] == exits - 1 and len(each) == 4 for each in chosen)
    assert {number for each in chosen for number in each} == set(range(exits))

    phases = training("phases", network, epochs=3)
    assert isinstance(phases, Phases)
    steps = phases.steps_per_epoch
    assert [len(phases.choose(step)) for step in (steps - 1, steps)] == [1, exits]


def test_pupils_learn_from_the_deepest_exit_which_learns_from_labels_alone(network: MultiExitNetwork) -> None:
    teacher = training("teacher", network)
    assert isinstance(teacher, Teacher)
    logits = torch.randn(len(EXITS), 2, 3, requires_grad=True)
    (taught,) = torch.autograd.grad(teacher.loss(logits, torch.tensor([0, 1])), logits)
    (alone,) = torch.autograd.grad(MultiExitTraining.loss(teacher, logits, torch.tensor([0, 1])), logits)
    assert torch.allclose(taught[-1], alone[-1])
    assert not torch.allclose(taught[0], alone[0])


def test_methods_are_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "JPEG_SIZE", (64, 48))
    images.write_images(tmp_path / "images", classes=2, images=24)
    known = ["--data", str(tmp_path / "images"), "--cache-dir", str(tmp_path / "cache"), "--size", "32", "--every", "8"]
    main([*known, "--epochs", "1", "--methods", "today", "prefixes:2", "--json", str(tmp_path / "all.jsonl")])
    said = capsys.readouterr().out.splitlines()
    assert said[3].startswith("today, 1 epochs")
    assert said[4].startswith("prefixes, 2 epochs")
    assert said[5].startswith("prefixes, 2 epochs, compared with today, 1 epochs: mean difference ")
    trainings = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [(each["method"], each["epochs"]) for each in trainings] == [("today", 1), ("prefixes", 2)]


@pytest.mark.parametrize("way", ["yesterday", "prefix:", "prefix:0", "prefix:many"])
def test_an_unknown_method_is_refused(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--data", "x", "--methods", way])
    assert f"{way!r}: a method is one of today, prefix" in capsys.readouterr().err
