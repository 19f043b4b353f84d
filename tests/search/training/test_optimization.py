from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from blocks.network import Network
from search.settings.recipe import Recipe
from search.training.optimization import Average, epoch_image_size, make_optimizer, schedule, set_learning_rate

MakeNetwork = Callable[..., Network]


def test_schedule_written_out() -> None:
    recipe = Recipe(epochs=3, warmup_epochs=1)
    shares = [schedule(step, 2, recipe) for step in range(6)]
    cosine = [(1 + math.cos(math.pi * turned / 4)) / 2 for turned in range(4)]
    assert shares == pytest.approx([1 / 3, 2 / 3, *cosine])
    assert schedule(6, 2, recipe) == pytest.approx(0)


@given(
    epochs=st.integers(1, 30), steps=st.integers(1, 20), warmup=st.floats(0, 40, allow_nan=False, allow_infinity=False)
)
def test_schedule_rises_then_falls_to_zero(epochs: int, steps: int, warmup: float) -> None:
    recipe = Recipe(epochs=epochs, warmup_epochs=warmup)
    shares = [schedule(step, steps, recipe) for step in range(epochs * steps + 1)]
    assert all(0 < share <= 1 for share in shares[:-1])
    assert shares[-1] == pytest.approx(0)
    top = shares.index(max(shares))
    assert all(left <= right for left, right in itertools.pairwise(shares[: top + 1]))
    assert all(left >= right for left, right in itertools.pairwise(shares[top:]))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize(("pretrained", "trunk_peak"), [(True, 0.25 * 0.5 * 0.01), (False, 0.01)])
def test_groups(make_network: MakeNetwork, optimizer: str, pretrained: bool, trunk_peak: float) -> None:
    network = make_network().freeze_stages(1)
    recipe = Recipe(
        optimizer=optimizer, learning_rate=0.01, trunk_learning_rate=0.25, trunk_decay=0.5, weight_decay=0.1
    )  # the second block of two is what is trained
    made = make_optimizer(network, recipe, pretrained=pretrained)
    set_learning_rate(made, 0.5)
    rates = {id(parameter): group["lr"] for group in made.param_groups for parameter in group["params"]}
    decays = {id(parameter): group["weight_decay"] for group in made.param_groups for parameter in group["params"]}
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    assert rates.keys() == {id(parameter) for parameter in trained}
    assert len(trained) < len(list(network.parameters()))
    assert all(decays[id(parameter)] == (0.1 if parameter.ndim > 1 else 0.0) for parameter in trained)
    head = {id(parameter) for parameter in network.head.parameters()}
    assert all(rates[key] == pytest.approx(0.5 * (0.01 if key in head else trunk_peak)) for key in rates)


def test_sgd_without_momentum(make_network: MakeNetwork) -> None:
    made = make_optimizer(make_network(), Recipe(optimizer="sgd", momentum=0), pretrained=False)
    assert not made.defaults["nesterov"]


def test_average_written_out(make_network: MakeNetwork) -> None:
    network = make_network()
    average = Average(network, decay=0.5)
    expected = {name: value.clone() for name, value in network.state_dict().items()}
    # min(decay, (1 + steps) / (10 + steps)) after steps 1, 2 and 20.
    for steps, decay in ((1, 2 / 11), (2, 3 / 12), (20, 0.5)):
        for value in network.state_dict().values():
            value.add_(steps)
        average.update(steps)
        for name, value in network.state_dict().items():
            whole = not value.is_floating_point()
            expected[name] = value.clone() if whole else decay * expected[name] + (1 - decay) * value
    for name, value in average.network.state_dict().items():
        torch.testing.assert_close(value, expected[name])
    assert not average.network.training


def test_images_grow_over_three_quarters_of_the_epochs() -> None:
    recipe = Recipe(epochs=9, first_size=0.5)
    # 8 epochs after the first, 6 of them growing: 64, then 64 * n / 6 more, to multiples of 8.
    assert [epoch_image_size(epoch, recipe, 128) for epoch in range(1, 10)] == [64, 72, 88, 96, 104, 120, 128, 128, 128]


def test_images_of_the_whole_size_are_left_alone() -> None:
    assert [epoch_image_size(epoch, Recipe(epochs=3), 30) for epoch in (1, 2, 3)] == [30, 30, 30]
    assert epoch_image_size(1, Recipe(epochs=1, first_size=0.5), 30) == 16
    assert epoch_image_size(3, Recipe(epochs=3, first_size=0.5), 30) == 30
