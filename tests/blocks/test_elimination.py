"""Every family is checked against the whole network: what the cut computes, and what it keeps, by its own gradients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import timm
import torch
from torch import Tensor, nn

from blocks.anatomy import anatomy
from blocks.backbone import to_map
from blocks.build import build
from blocks.memory import memory_of
from blocks.specification import EliminatedSpecification, HeadSpecification

# One small member of each family and the smallest image it takes.
FAMILIES = {
    "byobnet": ("test_byobnet", 32),
    "coatnet": ("test_coatnet", 160),
    "convit": ("convit_tiny", 224),
    "convnext": ("convnext_atto", 32),
    "cpubone": ("cpubone_nano", 64),
    "cspnet": ("cs3darknet_focus_s", 64),
    "deit": ("deit_tiny_patch16_224", 224),
    "densenet": ("densenet121", 32),
    "dla": ("dla46_c", 32),
    "edgenext": ("edgenext_xx_small", 64),
    "efficientformer_v2": ("efficientformerv2_s0", 224),
    "efficientnet": ("test_efficientnet", 32),
    "efficientvit": ("efficientvit_b0", 64),
    "fasternet": ("fasternet_t0", 32),
    "fastvit": ("fastvit_t8", 64),
    "ghostnet": ("ghostnet_050", 32),
    "hardcorenas": ("hardcorenas_b", 32),
    "hgnet": ("hgnetv2_b0", 32),
    "inception_next": ("inception_next_atto", 32),
    "lcnet": ("lcnet_035", 32),
    "levit": ("levit_128s", 224),
    "mambaout": ("test_mambaout", 32),
    "mnasnet": ("mnasnet_050", 32),
    "mobilenetv3": ("mobilenetv3_small_050", 32),
    "mobilevit": ("mobilevit_xxs", 64),
    "nfnet": ("test_nfnet", 32),
    "poolformer": ("poolformerv2_s12", 32),
    "regnet": ("regnetx_002", 32),
    "repghost": ("repghostnet_050", 32),
    "resnet": ("test_resnet", 32),
    "resnetv2": ("resnetv2_18", 32),
    "rexnet": ("rexnet_100", 32),
    "shvit": ("shvit_s1", 64),
    "sknet": ("skresnet18", 32),
    "starnet": ("starnet_s1", 32),
    "swiftformer": ("swiftformer_xs", 64),
    "vit": ("test_vit", 160),
}

# Held by the backbone itself, read only by what was eliminated.
IDLE = {"convit": {"cls_token"}}


def _specification(backbone: str, size: int, cut: str | None, **head: object) -> EliminatedSpecification:
    return EliminatedSpecification(
        backbone=backbone, image_size=size, classes=6, cut=cut, head=HeadSpecification.model_validate(head)
    )


def _feature_of_whole(model: nn.Module, module: str, image: Tensor) -> Tensor:
    """The intermediate feature, by a hook on the whole network: the oracle knows nothing of how cutting is done."""
    caught: list[Tensor] = []

    def catch(_module: nn.Module, _inputs: object, output: object) -> None:
        feature = output[0] if isinstance(output, tuple | list) else output
        assert isinstance(feature, Tensor)
        caught.append(feature.clone())

    handle = model.get_submodule(module).register_forward_hook(catch)
    model.forward_features(image)  # type: ignore[operator]
    handle.remove()
    return to_map(model, caught[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cut_network_computes_and_holds_what_the_whole_one_does_up_to_there(family: str) -> None:
    backbone, size = FAMILIES[family]
    cuts = anatomy(backbone, size).cuts
    assert len(cuts) >= 3
    assert [cut.parameters for cut in cuts] == sorted(cut.parameters for cut in cuts)
    assert [cut.macs for cut in cuts] == sorted(cut.macs for cut in cuts)
    cut = cuts[len(cuts) // 2]
    whole = timm.create_model(backbone, num_classes=0)
    network = build(_specification(backbone, size, cut.module, kind="pool_linear"), whole.state_dict())
    needed = memory_of(network, size)
    assert needed.flash_bytes >= 0.95 * cut.parameters, "batch norms are no weights of their own"

    image = torch.rand(2, 3, size, size)
    normalised = (image - network.mean) / network.std
    feature = _feature_of_whole(whole.eval(), str(cut.module), normalised)
    assert needed.activation_bytes >= max(feature[0].numel(), 3 * size**2)
    network.eval()
    torch.testing.assert_close(network.trunk(normalised)[-1], feature, rtol=1e-4, atol=1e-5)

    torch.autograd.backward(feature.sum())
    used = {name for name, parameter in whole.named_parameters() if parameter.grad is not None}
    kept = {name: parameter.numel() for name, parameter in network.trunk.backbone.named_parameters()}  # type: ignore[union-attr]
    assert set(kept) == used | IDLE.get(family, set())
    assert sum(kept.values()) == cut.parameters

    logits = network.train()(image)
    assert logits.shape == (2, 6)
    torch.autograd.backward(torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])))
    head = cut.channels * 6 + 6
    assert sum(parameter.numel() for parameter in network.parameters()) == cut.parameters + head


@pytest.mark.parametrize(
    ("backbone", "cut", "parameters"),
    [
        ("efficientnet_b0", "blocks.3.2", 309_146),
        ("efficientnet_b0", "blocks.4.2", 852_486),
        ("efficientnet_b0", None, 4_015_234),
        ("resnet18", "layer2.1", 683_846),
        ("resnet18", None, 11_179_590),
        ("mobilenetv3_large_100", None, 4_209_718),
    ],
)
def test_parameters_of_the_founding_table(backbone: str, cut: str | None, parameters: int) -> None:
    head = "original" if cut is None else "pool_linear"
    network = build(_specification(backbone, 64, cut, kind=head))
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_cut_points_of_the_required_backbones() -> None:
    assert len(anatomy("efficientnet_b0", 64).cuts) == 16 + 1
    assert len(anatomy("resnet18", 64).cuts) == 8 + 1


def test_the_uncut_network_computes_what_the_whole_backbone_does() -> None:
    whole = timm.create_model("mobilenetv3_small_050", num_classes=0).eval()
    network = build(_specification("mobilenetv3_small_050", 32, None, kind="original"), whole.state_dict()).eval()
    image = torch.rand(2, 3, 32, 32)
    normalised = (image - network.mean) / network.std
    torch.testing.assert_close(network.trunk(normalised)[0][:, :, 0, 0], whole(normalised))


def test_threads_that_share_a_network_tap_their_own_images() -> None:
    network = build(_specification("test_resnet", 32, "layer3.0", kind="multi_tap", taps=("layer1.0",))).eval()
    images = torch.rand(2, 1, 3, 32, 32)
    met = Barrier(2, timeout=60)

    def meet(*_: object) -> None:
        met.wait()  # both have tapped before either goes on

    with torch.inference_mode():
        alone = [network(image) for image in images]
    network.get_submodule("trunk.backbone.layer3.0").register_forward_hook(meet)
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(torch.inference_mode()(network), images))
    assert all(map(torch.equal, alone, together))


def test_taps_give_the_features_of_their_depths() -> None:
    whole = timm.create_model("test_resnet", num_classes=0)
    specification = _specification("test_resnet", 32, "layer3.0", kind="multi_tap", taps=("layer1.0", "layer2.0"))
    network = build(specification, whole.state_dict()).eval()
    image = torch.rand(2, 3, 32, 32)
    normalised = (image - network.mean) / network.std
    maps = network.trunk(normalised)
    for feature, module in zip(maps, ("layer1.0", "layer2.0", "layer3.0"), strict=True):
        torch.testing.assert_close(feature, _feature_of_whole(whole.eval(), module, normalised))
    channels = [
        cut.channels for cut in anatomy("test_resnet", 32).cuts if cut.module in ("layer1.0", "layer2.0", "layer3.0")
    ]
    linear = network(image).shape[1] * (sum(channels) + 1)
    assert sum(parameter.numel() for parameter in network.head.parameters()) == linear


def test_frozen_stages_do_not_move() -> None:
    network = build(_specification("test_efficientnet", 32, "blocks.3.0", kind="pool_linear")).freeze_stages(2).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    loss = torch.nn.functional.cross_entropy(network(torch.rand(4, 3, 32, 32)), torch.tensor([0, 1, 2, 3]))
    torch.autograd.backward(loss)
    optimizer.step()
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    frozen = ("trunk.backbone.conv_stem", "trunk.backbone.bn1", "trunk.backbone.blocks.0", "trunk.backbone.blocks.1")
    assert not [name for name in moved if name.startswith(frozen)]
    assert [name for name in moved if name.startswith("trunk.backbone.blocks.2")]
    with pytest.raises(ValueError, match="cannot freeze 5 of 4 stages"):
        network.freeze_stages(5)


def test_building_is_the_same_whether_or_not_the_anatomy_was_known() -> None:
    anatomy.cache_clear()
    states = []
    for _ in range(2):
        torch.manual_seed(7)
        states.append(build(_specification("test_resnet", 32, "layer2.0", kind="pool_linear")).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("resnet81", "did you mean resnet18"),
        ("hrnet_w18_small", r"hrnet_w18_small \(HighResolutionNet\) cannot be cut: no block"),
    ],
)
def test_a_backbone_that_cannot_be_cut_is_refused_by_name(backbone: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        anatomy(backbone, 64)


def test_a_size_that_the_backbone_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="does not run on 8 px"):
        anatomy("vgg11", 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cut": "blocks.9"}, "has no cut 'blocks.9'; it has"),
        ({"head": {"kind": "multi_tap", "taps": ["blocks.3.0"]}}, "must be in order and shallower"),
        ({"head": {"kind": "multi_tap", "taps": ["nowhere"]}}, "has no cut 'nowhere'"),
    ],
)
def test_what_does_not_exist_is_refused(change: dict[str, object], message: str) -> None:
    known = {"backbone": "test_efficientnet", "image_size": 32, "classes": 6, "cut": "blocks.2.0"}
    with pytest.raises(ValueError, match=message):
        build(EliminatedSpecification.model_validate({**known, **change}))


def test_weights_of_another_backbone_are_refused() -> None:
    state = timm.create_model("test_resnet", num_classes=0).state_dict()
    with pytest.raises(ValueError, match="the weights do not fit test_efficientnet"):
        build(_specification("test_efficientnet", 32, "blocks.2.0", kind="pool_linear"), state)
