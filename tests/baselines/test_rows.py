from __future__ import annotations

from importlib.resources import files

import pytest

from baselines.rows import CLASSES, Baseline, choose, read_baselines
from baselines.study import listed_space, specification
from blocks.build import build
from blocks.cost import count_layers, count_parameters
from search.errors import BadInput
from search.settings.spaces import EliminationSpace
from tests.conftest import LoadSettings, tiny_elimination, tiny_scratch

ROWS = read_baselines()
SIZE = 64


@pytest.mark.parametrize(
    "row",
    # VGG11 has 129M parameters before it is cut, and takes its time.
    [pytest.param(row, marks=pytest.mark.slow if "vgg" in row.name else ()) for row in ROWS.values()],
    ids=lambda row: row.name,
)
def test_a_row_comes_to_what_it_says(row: Baseline) -> None:
    network = build(specification(row, SIZE, CLASSES))
    assert (count_parameters(network), count_layers(network)) == (row.parameters, row.layers)


def test_the_founding_projects_counts() -> None:
    # A linear head on C channels and six classes has 6 * C + 6 parameters.
    assert ROWS["efficientnet_b0_to_112"].parameters == 852_486 == 851_808 + 6 * 112 + 6
    assert ROWS["efficientnet_b0_to_80"].parameters == 309_146 == 308_660 + 6 * 80 + 6
    assert ROWS["resnet18_to_layer2"].parameters == 683_846 == 683_072 + 6 * 128 + 6
    assert ROWS["efficientnet_b0"].parameters == 4_015_234
    assert ROWS["mobilenetv3_large_100"].parameters == 4_209_718


def test_each_row_is_a_file_of_its_name() -> None:
    stems = {path.name.removesuffix(".yaml") for path in files("baselines").iterdir() if path.name.endswith(".yaml")}
    assert stems == set(ROWS)


def test_every_cut_has_its_control_from_random_weights() -> None:
    cuts = {name: row for name, row in ROWS.items() if row.network.cut and row.initial_weights == "pretrained"}
    assert len(cuts) == 12
    for name, row in cuts.items():
        control = ROWS[f"{name}_random"]
        assert control.initial_weights == "random"
        assert (control.network, control.parameters, control.layers) == (row.network, row.parameters, row.layers)


def test_every_backbone_has_its_uncut_row() -> None:
    uncut = {
        row.network.backbone for row in ROWS.values() if not row.network.cut and row.initial_weights == "pretrained"
    }
    assert uncut == {row.network.backbone for row in ROWS.values()}


def test_every_backbone_that_is_searched_by_default_is_compared_uncut() -> None:
    searched = set(EliminationSpace().backbones)
    assert {"tf_efficientnet_lite0", "mobilenetv4_conv_small", "edgenext_xx_small", "tinynet_e"} < searched
    assert searched <= {row.network.backbone for row in ROWS.values() if not row.network.cut}


def test_unknown_rows_are_refused_with_the_nearest_names() -> None:
    assert [row.name for row in choose(["resnet18", "vgg11_to_256"])] == ["resnet18", "vgg11_to_256"]
    assert len(choose(None)) == len(ROWS)
    with pytest.raises(BadInput, match=r"'resnet_18'; did you mean resnet18") as refusal:
        choose(["resnet_18", "quux"])
    assert len(refusal.value.problems) == 3


def test_rows_are_trained_as_the_search_trains(load_settings: LoadSettings) -> None:
    elimination = tiny_elimination(recipe={"epochs": 3, "frozen_stages": 2}, image_sizes=[32, 48])
    settings = load_settings(studies={"cuts": elimination, "scratch": tiny_scratch(recipe={"epochs": 5})}, seed=7)
    rows = choose(["resnet18_to_layer2", "resnet18_to_layer2_random"])
    space = listed_space(rows, settings, classes=3, seeds=2)
    pretrained, random = (row.candidate for row in space.rows)
    assert pretrained.network == random.network
    assert (pretrained.network.image_size, pretrained.network.classes) == (48, 3)
    assert (pretrained.initial_weights, pretrained.recipe.epochs, pretrained.recipe.frozen_stages) == (
        "pretrained",
        3,
        0,
    )
    assert (random.initial_weights, random.recipe.epochs, random.recipe.trunk_learning_rate) == ("random", 5, 1.0)
    assert (space.seeds, space.first_seed, space.trained_on, space.scored_on) == (2, 7, "train", "validation")
