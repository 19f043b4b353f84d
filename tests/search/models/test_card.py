from __future__ import annotations

import re
from pathlib import Path

import pytest

from blocks.build import build
from search.models.card import model_card
from search.models.description import InputDescription, Metrics, ModelDescription, Provenance
from search.models.folder import save_model
from search.statistics.separation import Separation
from tests.search.dashboard.conftest import CLASSES, CONFUSION, DATA, scratch_candidate


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    return tmp_path / "model"


@pytest.fixture
def description(model_folder: Path) -> ModelDescription:
    """Of a model that is saved in `model_folder`."""
    candidate = scratch_candidate()
    metrics = Metrics(
        split="validation",
        f1_macro=0.75,
        accuracy=0.8,
        f1_per_class=(0.5, 0.75, 1.0),
        confusion=CONFUSION,
        parameters=1000,
        macs=20_000,
    )
    provenance = Provenance(
        study="trash/scratch",
        trial=7,
        seed=3,
        initial_weights="random",
        recipe=candidate.recipe.model_dump(mode="json"),
        data=DATA,
        metrics=metrics,
        device="CPU",
        seconds=60.0,
        versions={"torch": "2.12.1"},
    )
    taken = InputDescription(image_size=32, fit="crop")
    return save_model(build(candidate.network), CLASSES, taken, provenance, model_folder)


def test_a_finalized_network_is_said_to_know_the_validation_images(description: ModelDescription) -> None:
    metrics = description.provenance.metrics.model_copy(update={"split": "test"})
    provenance = description.provenance.model_copy(update={"metrics": metrics, "trained_on": "train+validation"})
    card = model_card(description.model_copy(update={"provenance": provenance}))
    assert "| **Trained on** | train and validation, 132 images |" in card  # 120 + 12
    assert "- It was also trained on the validation images: a score on them says nothing about new images." in card
    assert "## Scores on test" in card


def changed(description: ModelDescription, **metrics: object) -> ModelDescription:
    provenance = description.provenance
    return description.model_copy(
        update={"provenance": provenance.model_copy(update={"metrics": provenance.metrics.model_copy(update=metrics)})}
    )


def test_its_five_lines_load_the_model(
    description: ModelDescription,
    model_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = re.search(r"```python\n(.*?)\n```", model_card(description), re.DOTALL)
    assert found is not None
    assert len(found[1].splitlines()) == 5
    monkeypatch.chdir(model_folder)
    exec(found[1], {})
    assert capsys.readouterr().out.strip() in description.classes


def test_tells_task_data_scores_cost_and_recipe(description: ModelDescription) -> None:
    card = model_card(description)
    for words in (
        "# trash/scratch, trial 7",
        "A network from scratch",
        "| **Task** | image classification, 3 classes |",
        "(N, 3, 32, 32) float32, 0 to 1, RGB, normalised inside the network",
        "| **Resizing** | to a square, by center crop |",
        f"`{description.provenance.data['fingerprint']}`",
        "120 train, 12 validation, 12 test; seed 0",
        "| **Trained on** | train, 120 images |",
        "| **Parameters** | 1,000 |",
        "| **MACs** | 20,000 per image |",
        ", bootstrap over images), accuracy 0.800, on 10 images.",
        "2 epochs, batch size 32",
        "Seed 3.",
    ):
        assert words in card


def test_what_was_not_measured_is_said_with_the_command_that_measures(description: ModelDescription) -> None:
    command = "python -m search.latency scratch/7 --name trash"
    assert f"## Latency\n\nNot measured. Measure it with `{command}`;" in model_card(description)


def test_every_class_has_its_scores_and_the_images_they_rest_on(description: ModelDescription) -> None:
    # confusion: glass 1 1 0, metal 1 3 0, paper 0 0 4
    card = model_card(description)
    assert f"| glass | 0.500 | {1 / 2:.3f} | {1 / 2:.3f} | 2 |" in card
    assert rf"| metal \| tin | 0.750 | {3 / 4:.3f} | {3 / 4:.3f} | 4 |" in card
    assert "| paper | 1.000 | 1.000 | 1.000 | 4 |" in card


def test_a_class_that_is_nowhere_has_no_precision_and_recall(description: ModelDescription) -> None:
    card = model_card(changed(description, confusion=((0, 0, 0), (0, 3, 0), (0, 0, 4)), f1_per_class=(0.0, 1.0, 1.0)))
    assert "| glass | 0.000 | — | — | 0 |" in card


def test_limits_are_those_of_this_model(description: ModelDescription) -> None:
    card = model_card(description)
    assert "The search selected on this score" in card
    assert r"glass predicted as metal \| tin (1 of 2), metal \| tin predicted as glass (1 of 4)." in card
    assert r"Few images (fewer than 30), so scores are uncertain: glass, metal \| tin, paper." in card
    assert "Data warning: skipped a.txt: not an image" in card
    assert "also trained on the validation images" not in card
    perfect = model_card(changed(description, split="test", confusion=((30, 0, 0), (0, 30, 0), (0, 0, 30))))
    for words in ("The search selected", "Most frequent confusions", "Few images"):
        assert words not in perfect


def test_what_it_does_with_unknown_images_is_said_as_far_as_it_was_measured(description: ModelDescription) -> None:
    assert "- Every image gets one of the classes, even an image that shows none of them." in model_card(description)
    assert "AUROC" not in model_card(description)
    known = changed(description, unknown=Separation(40, 0.8125, 0.51, 0.3, 0.05))
    card = model_card(known)
    assert "On 40 unknown images, which are of no class: AUROC **0.812**." in card
    assert "A threshold of 0.510 turns away 30.0% of the unknown images, and 5.0% of the others." in card
    limit = "This was tested on 40 unknown images: on other ones it may be worse"
    assert f"{limit}." in card
    few = model_card(changed(description, unknown=Separation(40, 0.8125)))
    assert "AUROC **0.812**" in few
    assert "A threshold of" not in few
    recipe = {**description.provenance.recipe, "unknown_weight": 1.0}
    exposed = known.model_copy(update={"provenance": known.provenance.model_copy(update={"recipe": recipe})})
    card = model_card(exposed)
    assert f"{limit}, because images of the same kind were used in training." in card
    assert "unknown images, which should get all classes with equal probability, × 1" in card
