from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import timm
import torch
from timm.layers.conv2d_same import Conv2dSame

from blocks.build import build
from blocks.specification import EliminatedSpecification
from search.models.deployed import Deployed
from search.models.formats.onnx_tracing import trace_onnx
from search.models.formats.padding import with_fixed_padding


@pytest.mark.parametrize("size", [(32, 32), (47, 33)])
def test_the_copy_answers_as_the_original_and_has_nothing_left_to_work_out(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    original = timm.create_model("tf_mobilenetv3_small_minimal_100", num_classes=3).eval()
    kinds = [type(layer) for layer in original.modules()]
    images = torch.rand(2, 3, *size)
    fixed = with_fixed_padding(original, images)
    with torch.inference_mode():
        assert torch.equal(fixed(images), original(images))
    assert Conv2dSame in kinds
    assert not any(isinstance(layer, Conv2dSame) for layer in fixed.modules())
    assert [type(layer) for layer in original.modules()] == kinds, "the original is as it was"


def test_an_exported_graph_works_out_no_sizes(tmp_path: Path) -> None:
    network = build(
        EliminatedSpecification(backbone="tf_efficientnet_lite0", cut="blocks.1.0", classes=3, image_size=32)
    )
    trace_onnx(Deployed(network).eval(), 32, tmp_path / "model.onnx")
    operators = {node.op_type for node in onnx.load(str(tmp_path / "model.onnx")).graph.node}
    assert {"Conv", "Pad"} <= operators
    assert not operators & {"Shape", "Ceil", "Unsqueeze"}
