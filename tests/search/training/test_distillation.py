from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from blocks.network import Network
from search.data.arrays import Arrays
from search.errors import Interrupted
from search.settings.recipe import Recipe
from search.training.distillation import TEMPERATURE, Teacher
from tests.search.training.test_loop_resuming import EPOCH
from tests.training import FileCheckpoint, assert_same, run, stop_after

MakeNetwork = Callable[..., Network]
MakeArrays = Callable[..., Arrays]

RECIPE = Recipe(epochs=6, batch_size=8, learning_rate=0.02, augmentation=0.2)
TAUGHT = RECIPE.model_copy(update={"distillation": 1.0})


@pytest.fixture
def teacher(make_network: MakeNetwork, make_arrays: MakeArrays) -> Network:
    """It knows the classes."""
    return run(make_network(dropout=0.0, seed=1), RECIPE, make_arrays(20, 20, 20)).network


def test_a_student_learns_what_the_teacher_says_and_not_what_labels_say(
    make_network: MakeNetwork, make_arrays: MakeArrays, teacher: Network
) -> None:
    right = make_arrays(20, 20, 20, seed=1)
    wrong = Arrays(right.images, (right.labels + 1) % 3)
    before = copy.deepcopy(teacher.state_dict())
    taught = run(make_network(dropout=0.0), TAUGHT, wrong, teacher=teacher)
    alone = run(make_network(dropout=0.0), RECIPE, wrong)
    assert (
        taught.network(torch.from_numpy(right.images).permute(0, 3, 1, 2) / 255).argmax(1).numpy() == right.labels
    ).mean() > 0.9
    assert alone.f1_macro > 0.9  # it learned the wrong labels
    assert taught.f1_macro < 0.1
    after = teacher.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_loss_is_the_divergence_of_softened_answers(make_network: MakeNetwork, teacher: Network) -> None:
    images, logits = torch.rand(5, 3, 16, 16), torch.randn(5, 3)
    with torch.no_grad():
        wanted = functional.softmax(teacher.eval()(images) / TEMPERATURE, dim=1).numpy()
    given = functional.softmax(logits / TEMPERATURE, dim=1).numpy()
    expected = (wanted * np.log(wanted / given)).sum() * TEMPERATURE**2
    assert Teacher(teacher, torch.device("cpu")).loss(logits, images).item() == pytest.approx(expected, rel=1e-5)


def test_a_teacher_takes_images_of_another_size(teacher: Network) -> None:
    loss = Teacher(teacher, torch.device("cpu")).loss(torch.zeros(2, 3), torch.rand(2, 3, 24, 24))
    assert torch.isfinite(loss)


def test_who_distils_needs_a_teacher(make_network: MakeNetwork, make_arrays: MakeArrays) -> None:
    with pytest.raises(ValueError, match="no teacher to learn from"):
        run(make_network(), TAUGHT, make_arrays(9, 9, 9))


def test_a_taught_network_resumes_bit_for_bit(
    make_network: MakeNetwork, make_arrays: MakeArrays, teacher: Network, tmp_path: Path
) -> None:
    arrays = make_arrays(9, 9, 9)
    recipe = TAUGHT.model_copy(update={"distillation": 0.5, "epochs": 3})
    straight = run(make_network(), recipe, arrays, teacher=teacher)
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    with pytest.raises(Interrupted):
        run(make_network(), recipe, arrays, teacher=teacher, checkpoint=checkpoint, interrupted=stop_after(EPOCH + 3))
    resumed = run(make_network(), recipe, arrays, teacher=teacher, checkpoint=checkpoint)
    assert_same(straight, resumed)
