"""Steps of every kind of training on a GPU, with fake tensors: nothing on the wrong device, nothing that waits."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException

from blocks.build import build
from blocks.multi_exit import MultiExitNetwork, build_multi_exit
from blocks.network import Network
from blocks.specification import (
    Activation,
    BlockKind,
    EliminatedSpecification,
    HeadSpecification,
    NetworkSpecification,
    ScratchSpecification,
    StageSpecification,
)
from search.data.arrays import Arrays
from search.data.batches import Rows
from search.settings.recipe import Recipe
from search.training.epoch import BegunEpoch
from search.training.evaluation import logits_of
from search.training.hooks import NO_HOOKS, Hooks
from search.training.loop import Training
from search.training.multi_exit import MultiExitTraining
from search.training.plan import Plan, TrainingData
from search.training.probe import pooled_features
from tests.fake_cuda import CUDA, Rules, fake_cuda

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")

BACKBONE, CUT, SIZE, CLASSES = "tf_efficientnet_lite0", "blocks.2.1", 32, 3
ARRAYS = Arrays(np.zeros((32, SIZE, SIZE, 3), dtype=np.uint8), np.arange(32) % CLASSES)
RECIPE = Recipe(epochs=1, batch_size=16)
NOT_IN_INFERENCE_MODE: Callable[[Any], Any] = attrgetter("__wrapped__")  # fake tensors do not know that mode


def cut(cut: str | None = CUT, backbone: str = BACKBONE, **head: Any) -> EliminatedSpecification:
    own = HeadSpecification.model_validate(head or {"kind": "pool_linear"})
    return EliminatedSpecification(backbone=backbone, cut=cut, image_size=SIZE, classes=CLASSES, head=own)


def scratch(block: BlockKind, activation: Activation = "relu", **stage: Any) -> ScratchSpecification:
    stages = (StageSpecification(block=block, channels=8, stride=2, activation=activation, **stage),)
    return ScratchSpecification(image_size=SIZE, classes=CLASSES, stem_channels=8, stages=stages)


NETWORKS: dict[str, NetworkSpecification] = {
    "pool_linear": cut(),
    "conv1x1": cut(kind="conv1x1", width=8),
    "conv3x3": cut(kind="conv3x3", width=8, convolutions=2),
    "multi_tap": cut(kind="multi_tap", taps=("blocks.1.1",)),
    "uncut": cut(None, kind="original"),
    "squeeze-excite": cut("blocks.2.2", "mobilenetv3_large_100"),
    "dwconv": scratch("dwconv"),
    "inverted_residual_v3": scratch("inverted_residual_v3", "hard_swish", expansion=2, squeeze_excitation=True),
    "mbconv": scratch("mbconv", "silu", expansion=2, squeeze_excitation=True, stochastic_depth=0.1),
}
RECIPES: dict[str, dict[str, Any]] = {
    "class weights, an average and clipping": {"class_balance": "weights", "ema_decay": 0.9, "gradient_clip": 1.0},
    "frozen stages": {"frozen_stages": 2},
    "sampling by class and growing images": {"class_balance": "sampling", "first_size": 0.5, "augmentation": 0.5},
    "unknown images": {"unknown_weight": 1.0},
}


def exits() -> MultiExitNetwork:
    return build_multi_exit([cut("blocks.1.1"), cut(), cut(None, kind="original")])


def epoch_on_gpu(network: Network, recipe: Recipe, kind: type[Training] = Training, hooks: Hooks = NO_HOOKS) -> Rules:
    """An epoch to fill the caches, and what the rules say of a second one."""
    data = TrainingData(ARRAYS, ARRAYS, unknown=ARRAYS, unknown_validation=ARRAYS)
    rules = Rules()
    with fake_cuda(network):
        training = kind(network, Plan(recipe, 0, pretrained=True), data, CUDA, hooks)
        training._check_loss = lambda *_: None  # type: ignore[method-assign] # it waits for the GPU, every 100 steps
        training.train_epoch(1, BegunEpoch().to(CUDA))
        begun = BegunEpoch().to(CUDA)
        with rules:
            training.train_epoch(1, begun)
        assert all(parameter.is_cuda for parameter in training.scored_network.parameters())
    return rules


def assert_good(rules: Rules) -> None:
    assert rules.convolutions > 0
    assert not rules.faults
    assert not rules.copies_back


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_of_each_kind_of_network(name: str) -> None:
    assert_good(epoch_on_gpu(build(NETWORKS[name], None), RECIPE))


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_with_each_technique(name: str) -> None:
    assert_good(epoch_on_gpu(build(cut(), None), Recipe(epochs=1, batch_size=16, **RECIPES[name])))


def test_a_step_of_all_exits() -> None:
    assert_good(epoch_on_gpu(exits(), RECIPE, MultiExitTraining))


def test_a_step_in_parts() -> None:
    assert_good(epoch_on_gpu(build(cut(), None), RECIPE, hooks=Hooks(accumulation=2)))


def test_scores_are_copied_to_the_host_once() -> None:
    network = build(cut(), None)
    with fake_cuda(network):
        network.to(CUDA, memory_format=torch.channels_last)  # type: ignore[call-overload]
        rows = Rows(ARRAYS, CUDA)
        with Rules() as rules, torch.no_grad():
            logits = NOT_IN_INFERENCE_MODE(logits_of)(network, rows, CUDA, batch_size=8)
    assert rules.convolutions > 0
    assert not rules.faults
    assert rules.copies_back == 1
    assert logits.shape == (len(ARRAYS), CLASSES)


def test_features_of_frozen_trunks_are_copied_to_the_host_once_for_each_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "numpy", lambda tensor: tensor)  # a fake tensor has no numbers
    network = build_multi_exit([cut("blocks.1.1"), cut()]).eval()
    with fake_cuda(network):
        network.to(CUDA, memory_format=torch.channels_last)  # type: ignore[call-overload]
        with Rules() as rules, torch.no_grad():
            NOT_IN_INFERENCE_MODE(pooled_features)(network, ARRAYS, CUDA)
    assert rules.convolutions > 0
    assert rules.faults == [f"a copy of {ARRAYS.images.shape} to the GPU waits"], "the whole split, once"
    assert rules.copies_back == 2


class Reads(Training):
    """Reads a number of the step's loss, as a careless change would."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        loss = super().loss(logits, targets)
        return loss * (0 if loss.item() > 100 else 1)


class Masks(Training):
    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return super().loss(logits[targets > 0], targets[targets > 0])


@pytest.mark.parametrize(
    ("careless", "refused"), [(Reads, DataDependentOutputException), (Masks, DynamicOutputShapeException)]
)
def test_a_number_of_the_step_cannot_be_read(careless: type[Training], refused: type[Exception]) -> None:
    with pytest.raises(refused):
        epoch_on_gpu(build(cut(), None), RECIPE, careless)


def copied_back(loss: Tensor) -> Tensor:
    return loss + loss.cpu().to(loss.device, non_blocking=True) * 0


def copied_there(loss: Tensor) -> Tensor:
    return loss + torch.tensor([0.5]).to(loss.device).sum()


@pytest.mark.parametrize(("change", "fault"), [(copied_back, "copies_back"), (copied_there, "faults")])
def test_a_copy_within_the_step_is_found(change: Callable[[Tensor], Tensor], fault: str) -> None:
    class Copies(Training):
        def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
            return change(super().loss(logits, targets))

    assert getattr(epoch_on_gpu(build(cut(), None), RECIPE, Copies), fault)


def test_another_memory_order_or_type_is_found() -> None:
    class Copies(Training):
        def forward(self, inputs: Tensor) -> Tensor:
            logits: Tensor = self.network(inputs.contiguous())
            return logits

    faults = epoch_on_gpu(build(cut(), None), RECIPE, Copies).faults
    assert any("not channels last" in fault for fault in faults)
    assert any("float32" in fault for fault in faults)


def test_a_constant_left_on_the_cpu_is_refused() -> None:
    class Copies(Training):
        def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
            return super().loss(logits + torch.zeros(CLASSES), targets)

    with pytest.raises(Exception, match="cpu"):
        epoch_on_gpu(build(cut(), None), RECIPE, Copies)
