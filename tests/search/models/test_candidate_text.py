from __future__ import annotations

import pytest

from blocks.specification import EliminatedSpecification, HeadSpecification, ScratchSpecification, StageSpecification
from search.models.candidate_text import network_in_words, recipe_in_words
from search.settings.recipe import Recipe


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (HeadSpecification(), "Head: global average pooling, a linear layer."),
        (
            HeadSpecification(kind="conv1x1", width=64, dropout=0.25),
            "Head: a 1x1 convolution to 64 channels, global average pooling, dropout 0.25, a linear layer.",
        ),
        (HeadSpecification(kind="conv3x3", width=64, convolutions=1), "1 new 3x3 convolution with stride 2 and 64"),
        (HeadSpecification(kind="conv3x3", width=64, convolutions=2), "2 new 3x3 convolutions with stride 2 and 64"),
        (HeadSpecification(kind="multi_tap", taps=("a", "b")), "the features at `a`, `b` and at the end"),
    ],
)
def test_a_cut_is_told_by_what_is_kept_and_what_stands_on_it(head: HeadSpecification, words: str) -> None:
    network = EliminatedSpecification(backbone="resnet18", cut="layer2", image_size=64, classes=6, head=head)
    told = network_in_words(network, "pretrained")
    assert "`resnet18` with pretrained weights, truncated after the module `layer2`" in told
    assert words in told
    assert told.endswith("Input: images of 64 px.")


def test_an_uncut_backbone_is_told_as_whole() -> None:
    network = EliminatedSpecification(
        backbone="resnet18", cut=None, image_size=64, classes=6, head=HeadSpecification(kind="original")
    )
    assert network_in_words(network, "random").startswith("The full backbone `resnet18` with random weights")


def test_a_network_from_scratch_is_told_stage_by_stage() -> None:
    stages = (
        StageSpecification(block="conv", channels=8),
        StageSpecification(
            block="mbconv",
            channels=16,
            repeats=2,
            kernel=5,
            stride=2,
            expansion=4,
            squeeze_excitation=True,
            stochastic_depth=0.1,
            activation="silu",
        ),
    )
    network = ScratchSpecification(image_size=32, classes=6, stem_channels=4, stages=stages)
    assert network_in_words(network, "random").startswith(
        "A network from scratch: a stem with 4 channels and stride 2, then 1 × conv with 8 channels, kernel 3, relu; "
        "2 × mbconv with 16 channels, kernel 5, stride 2, expansion 4, squeeze-and-excitation, stochastic depth 0.1, "
        "silu."
    )


def test_a_recipe_tells_what_has_an_effect_and_nothing_else() -> None:
    plain = recipe_in_words(Recipe(epochs=1, gradient_clip=None), "random")
    assert plain.startswith("1 epoch, batch size 32; AdamW, learning rate 0.003, 1 warm-up epoch, then cosine")
    for word in ("pretrained", "momentum", "clipping", "averaged", "frozen", "balance", "resizing"):
        assert word not in plain
    recipe = Recipe(optimizer="sgd", momentum=0.8, ema_decay=0.99, frozen_stages=1, class_balance="weights", flip=False)
    rich = recipe_in_words(recipe, "pretrained")
    for words in (
        "SGD with momentum 0.8, learning rate 0.003 (pretrained layers: ",
        "from × 0.9 at the first block to × 0.252 at the last)",
        "gradient clipping at 1",
        "averaged weights (EMA) with decay 0.99",
        "the first 1 stage frozen",
        "class balance by weights",
        "without horizontal flip",
    ):
        assert words in rich


def test_a_recipe_tells_how_several_cuts_were_trained() -> None:
    recipe = Recipe(trunk_learning_rate=0.3, trunk_decay=1.0)
    assert "(pretrained layers: × 0.3)" in recipe_in_words(recipe, "pretrained")
    assert recipe_in_words(recipe, "pretrained", 3).endswith("; trained together with 2 other cuts of the backbone.")
    probe = recipe_in_words(Recipe(method="linear_probe"), "pretrained")
    assert probe.startswith("A linear probe: ")
    assert "epoch" not in probe


def test_sizes_and_stages_are_told_in_words() -> None:
    recipe = recipe_in_words(Recipe(first_size=0.5, frozen_stages=2, class_balance="sampling"), "pretrained")
    assert "progressive resizing from 50% of the image size, where possible" in recipe
    assert "the first 2 stages frozen; " in recipe
