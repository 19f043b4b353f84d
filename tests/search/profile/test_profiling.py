from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from blocks.anatomy import anatomy
from blocks.build import build
from blocks.cost import count_macs, count_parameters
from blocks.specification import EliminatedSpecification
from search.data.dataset import Dataset, open_dataset
from search.errors import Interrupted
from search.profile.profiling import profile_space
from search.settings.spaces import EliminationSpace
from tests.conftest import CLASSES, SIDE, LoadSettings

CPU = torch.device("cpu")
SPACE = EliminationSpace(backbones=("test_resnet",), image_sizes=(SIDE,))


@pytest.fixture
def dataset(load_settings: LoadSettings) -> Dataset:
    settings = load_settings()
    return open_dataset(settings.data, settings.cache_dir, image_sizes=[SIDE], progress=False)


def test_layers_that_tell_the_classes_apart_come_first(dataset: Dataset, blind_top: Path) -> None:
    profile = profile_space(SPACE, dataset, CPU, blind_top)
    f1_macro = {cut.module: cut.f1_macro for cut in profile.cuts}
    logme = {cut.module: cut.logme for cut in profile.cuts}
    assert {cut.module for cut in profile.cuts[-2:]} == {"layer4.0", None}
    assert f1_macro["layer1.0"] == 1
    assert f1_macro[None] == f1_macro["layer4.0"] < 0.5
    assert logme["layer1.0"] > logme["layer4.0"]
    assert [cut.module for cut in profile.cuts if cut.recommended] == ["layer1.0"]
    assert profile.seconds > 0


def test_counts_are_those_of_the_cut_network_with_pooling_and_linear(dataset: Dataset, blind_top: Path) -> None:
    known = anatomy("test_resnet", SIDE)
    space = SPACE.model_copy(update={"max_parameters": known.cuts[2].parameters, "uncut": False})
    cuts = profile_space(space, dataset, CPU, blind_top).cuts
    assert {cut.module for cut in cuts} == {cut.module for cut in known.cuts[:3]}
    for cut in cuts:
        network = build(
            EliminatedSpecification(backbone="test_resnet", cut=cut.module, image_size=SIDE, classes=CLASSES)
        )
        assert (cut.parameters, cut.macs) == (count_parameters(network), count_macs(network, SIDE))
        assert (cut.stage, cut.image_size) == (known.cut(cut.module).stage, SIDE)


def test_every_backbone_is_profiled_once(dataset: Dataset, blind_top: Path) -> None:
    save_file(timm.create_model("test_efficientnet").state_dict(), blind_top / "test_efficientnet.safetensors")
    space = SPACE.model_copy(update={"backbones": ("test_resnet", "test_efficientnet", "test_resnet")})
    cuts = profile_space(space, dataset, CPU, blind_top).cuts
    expected = [(name, cut.module) for name in ("test_efficientnet", "test_resnet") for cut in anatomy(name, SIDE).cuts]
    assert sorted(map(str, ((cut.backbone, cut.module) for cut in cuts))) == sorted(map(str, expected))


def test_stops_when_it_is_asked_to(dataset: Dataset, blind_top: Path) -> None:
    with pytest.raises(Interrupted):
        profile_space(SPACE, dataset, CPU, blind_top, interrupted=lambda: True)
