from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import timm
import torch
from safetensors.torch import save_file

from blocks.anatomy import anatomy
from blocks.specification import (
    EliminatedSpecification,
    HeadSpecification,
    NetworkSpecification,
)
from search.data.arrays import Arrays
from search.models.answers import unpack
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.search import Settings
from search.spaces.sample import OverTheLimit
from search.statistics.calibration import fitted_temperature
from search.statistics.confusion import confusion_matrix
from search.study.study import OpenStudy
from search.system.device import device_name
from search.training.evaluation import TrainingResult
from search.training.plan import TrainingData
from search.trial.assignment import Assignment, assign
from search.trial.objective import result_attributes, run
from tests.conftest import LoadSettings, tiny_elimination, tiny_scratch

CPU = torch.device("cpu")


def eliminated(**changes: Any) -> EliminatedSpecification:
    known = anatomy("test_resnet", 32)
    content = {
        "backbone": "test_resnet",
        "image_size": 32,
        "classes": 3,
        "mean": known.mean,
        "std": known.std,
        "cut": "layer2.0",
        "head": HeadSpecification(kind="pool_linear"),
        **changes,
    }
    return EliminatedSpecification.model_validate(content)


def candidate(network: NetworkSpecification, initial_weights: str = "random", **recipe: Any) -> Candidate:
    small = Recipe(epochs=2, batch_size=8, flip=False, **recipe)
    return Candidate.model_validate({"network": network, "initial_weights": initial_weights, "recipe": small})


@pytest.fixture
def arrays() -> Arrays:
    """24 images of noise that is brighter from class to class."""
    labels = np.arange(24) % 3
    noise = np.random.default_rng(0).integers(0, 90, (24, 32, 32, 3)) + 80 * labels[:, None, None, None]
    return Arrays(noise.astype(np.uint8), labels)


Train = Callable[..., TrainingResult]


@pytest.fixture
def train(arrays: Arrays, load_settings: LoadSettings) -> Train:
    """Runs a candidate on them, with settings changed as given."""

    def train_it(what: Candidate, seed: int, **changes: Any) -> TrainingResult:
        return run(Assignment(what, seed, {}), TrainingData(arrays, arrays), load_settings(**changes), CPU)

    return train_it


@pytest.mark.parametrize("uncut", [False, True])
def test_the_same_seed_gives_the_same_result_bit_for_bit_and_another_seed_another(train: Train, uncut: bool) -> None:
    network = eliminated(cut=None, head=HeadSpecification(kind="original", dropout=0.2)) if uncut else eliminated()
    first, again, other = (train(candidate(network), seed) for seed in (1, 1, 2))
    assert first.f1_macro == again.f1_macro
    np.testing.assert_array_equal(first.validation.logits, again.validation.logits)
    assert [row.train_loss for row in first.epochs] == [row.train_loss for row in again.epochs]
    assert not np.array_equal(first.validation.logits, other.validation.logits)


def test_pretrained_weights_are_where_the_training_starts(train: Train, weights_dir: Path) -> None:
    state = timm.create_model("test_resnet").state_dict()
    save_file(state, weights_dir / "test_resnet.safetensors")
    frozen = candidate(eliminated(), "pretrained", frozen_stages=2)
    trained = train(frozen, 0, weights_dir=str(weights_dir)).network.state_dict()
    (kept,) = [tensor for name, tensor in trained.items() if name.endswith("layer1.0.conv1.weight")]
    assert torch.equal(kept, state["layer1.0.conv1.weight"])


@pytest.fixture
def open_study(load_settings: LoadSettings) -> Callable[..., OpenStudy]:
    """A study in memory of the only space of the settings."""

    def open_it(space: dict[str, Any]) -> OpenStudy:
        settings: Settings = load_settings(studies={"only": space})
        sampler = optuna.samplers.RandomSampler(seed=0)
        study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
        return OpenStudy("only", settings.studies["only"], study, 10, None)

    return open_it


FIXED = {
    "learning_rate": {"low": 0.01, "high": 0.01},
    "weight_decay": {"low": 0.0, "high": 0.0},
    "dropout": {"low": 0.0, "high": 0.0},
    "augmentation": {"low": 0.0, "high": 0.0},
}


def begin(open_study: OpenStudy, first_seed: int = 5) -> Assignment:
    trial = open_study.study.ask()
    assignment = assign(open_study, trial, 3, first_seed)
    for name, value in assignment.attributes().items():
        trial.set_user_attr(name, value)
    return assignment


def test_a_repeated_candidate_gets_the_next_seed(open_study: Callable[..., OpenStudy]) -> None:
    one = open_study(tiny_elimination(**FIXED, max_parameters=30_000, uncut=False, heads=["pool_linear"]))
    assignments = [begin(one) for _ in range(3)]
    assert len({assignment.candidate.key for assignment in assignments}) == 1
    assert [assignment.seed for assignment in assignments] == [5, 6, 7]


def test_different_candidates_have_the_first_seed(open_study: Callable[..., OpenStudy]) -> None:
    many = open_study(tiny_scratch())
    assert [begin(many).seed for _ in range(4)] == [5, 5, 5, 5]


def test_an_assignment_comes_back_from_the_attributes_of_its_trial(open_study: Callable[..., OpenStudy]) -> None:
    assignment = begin(open_study(tiny_scratch()))
    attributes = json.loads(json.dumps(assignment.attributes()))
    assert Assignment.from_attributes(attributes) == assignment
    assert attributes["family"] == "scratch"
    assert set(assignment.counts) == {"parameters", "macs", "layers", "flash_bytes", "ram_bytes"}
    earlier = {name: value for name, value in attributes.items() if name not in ("flash_bytes", "ram_bytes")}
    assert set(Assignment.from_attributes(earlier).counts) == {"parameters", "macs", "layers"}


def test_a_candidate_over_the_limit_is_not_assigned(open_study: Callable[..., OpenStudy]) -> None:
    # max_parameters sorts out the cuts themselves, so what is too much here is a head.
    heads = {"heads": ["conv1x1"], "head_widths": [1000], "uncut": False}
    wide = open_study(tiny_elimination(**FIXED, **heads, max_parameters=27_000))
    trunk, channels = 26_032, 32
    conv_norm_and_linear = channels * 1000 + 2 * 1000 + (1000 * 3 + 3)
    with pytest.raises(OverTheLimit) as refusal:
        begin(wide)
    parameters = trunk + conv_norm_and_linear
    assert str(refusal.value) == f"{parameters:,} parameters, over the limit of 27,000"
    assert refusal.value.excess == parameters / 27_000 - 1


def test_multiply_accumulates_have_a_limit_of_their_own(open_study: Callable[..., OpenStudy]) -> None:
    slow = open_study(tiny_elimination(**FIXED, max_parameters=30_000, uncut=False, max_macs=1_000_000))
    with pytest.raises(OverTheLimit, match="macs, over the limit of 1,000,000"):
        begin(slow)


def test_memory_has_limits_of_its_own(open_study: Callable[..., OpenStudy]) -> None:
    needed = begin(open_study(tiny_elimination(**FIXED, max_parameters=40_000, uncut=False))).counts
    flash, ram = (needed[name] // 1024 + 1 for name in ("flash_bytes", "ram_bytes"))
    same = {**FIXED, "max_parameters": 40_000, "uncut": False}
    assert begin(open_study(tiny_elimination(**same, max_flash_kb=flash, max_ram_kb=ram))).counts == needed
    for kind, kb in (("flash", flash), ("ram", ram)):
        small = open_study(tiny_elimination(**same, **{f"max_{kind}_kb": kb - 1}))
        with pytest.raises(OverTheLimit, match=f"^{kb} {kind}_kb, over the limit of {kb - 1}$"):
            begin(small)


def test_latency_has_a_limit_that_is_measured(open_study: Callable[..., OpenStudy]) -> None:
    limits = {"max_parameters": 40_000, "uncut": False}
    with pytest.raises(OverTheLimit, match=r"^0\.\d+ latency_ms, over the limit of 1e-06$") as refusal:
        begin(open_study(tiny_elimination(**FIXED, **limits, max_latency_ms=1e-6)))
    assert refusal.value.excess > 1
    assert begin(open_study(tiny_elimination(**FIXED, **limits, max_latency_ms=60_000))).counts["parameters"] <= 40_000


def test_an_uncut_backbone_may_be_over_the_limits(open_study: Callable[..., OpenStudy]) -> None:
    study = open_study(tiny_elimination(**FIXED, max_parameters=1, max_macs=1, max_ram_kb=1, max_latency_ms=1e-6))
    assignment = begin(study)
    assert assignment.counts["parameters"] > 1
    assert assignment.attributes()["summary"] == "test_resnet uncut, 32 px"


def test_what_a_result_is_stored_as_is_json(train: Train) -> None:
    result = train(candidate(eliminated()), 0)
    stored = json.loads(json.dumps(result_attributes(result, CPU)))
    assert stored["epochs"] == 2
    assert stored["seconds"] == sum(row.seconds for row in result.epochs)
    assert sum(map(sum, stored["confusion"])) == 24
    assert result.evaluation is not None
    assert stored["temperature"] == fitted_temperature(result.evaluation.logits, result.evaluation.labels)
    answers = stored["validation_answers"]
    confusion = confusion_matrix(unpack(answers["labels"]), unpack(answers["predictions"]), 3)
    assert confusion.tolist() == stored["confusion"]
    assert sum(stored["f1_per_class"]) / 3 == pytest.approx(result.f1_macro)
    threads = "1 thread" if torch.get_num_threads() == 1 else f"{torch.get_num_threads()} threads"
    assert stored["device"] == device_name(CPU) == f"CPU {platform.machine()}, {threads}"
