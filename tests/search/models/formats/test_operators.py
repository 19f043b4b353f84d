"""Networks that a format cannot hold are refused by name, before anything is converted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.build import build
from blocks.specification import EliminatedSpecification, HeadSpecification
from search.errors import BadInput
from search.export import main as export
from search.models.deployed import Deployed
from search.models.folder import save_model
from search.models.formats.operators import check_network, operators_of, unsupported
from search.models.formats.registry import FORMATS, load_format
from search.models.sources import Source

ORIGINAL = HeadSpecification(kind="original")
VIT = EliminatedSpecification(backbone="test_vit", cut=None, image_size=32, classes=3, head=ORIGINAL)


@pytest.fixture(scope="module")
def vit() -> Deployed:
    return Deployed(build(VIT)).eval()


def test_a_convolutional_network_fits_every_format(source: Source) -> None:
    found = operators_of(Deployed(source.network).eval(), 32)
    assert found.dimensions == 4
    assert [name for name in FORMATS if unsupported(name, found)] == []


def test_attention_is_refused_with_the_formats_that_can_hold_it(vit: Deployed) -> None:
    found = operators_of(vit, 32)
    assert found.dimensions == 5
    assert {"reshape", "permute"} <= set(found.largest) <= found.names
    with pytest.raises(BadInput) as caught:
        check_network("ncnn", vit, 32, "nothing was exported")
    (problem,) = caught.value.problems
    assert problem.startswith("--format ncnn cannot hold test_vit: it needs tensors of 5 dimensions (")
    others = "onnx, openvino, web, torchscript, torch-export or safetensors"
    assert problem.endswith(f"), and ncnn has at most 4; export it with --format {others}")
    check_network("onnx", vit, 32, "nothing was exported")


@pytest.mark.parametrize("name", ["litert", "coreml", "executorch"])
def test_an_operator_is_refused_by_its_name(name: str, vit: Deployed) -> None:
    """Position embeddings of another image size are resized in the graph."""
    (reason,) = unsupported(name, operators_of(vit, 32))
    assert reason == f"it needs _upsample_bicubic2d_aa, which {name} does not have"


@pytest.mark.slow
def test_ncnn_really_cannot_hold_it(vit: Deployed, source: Source, tmp_path: Path) -> None:
    pytest.importorskip("pnnx", reason="comes with the extra ncnn")
    with pytest.raises(RuntimeError, match="ncnn has no operator for"):
        load_format("ncnn").write(vit, source.description, tmp_path / "model.ncnn.param")


def test_nothing_is_converted_and_no_image_is_read(
    source: Source, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format without libraries to install stands in for ncnn."""
    monkeypatch.setitem(FORMATS, "torchscript", replace(FORMATS["torchscript"], dimensions=4))
    described = source.description
    save_model(build(VIT), described.classes, described.input, described.provenance, tmp_path / "vit")
    out = tmp_path / "out"
    with pytest.raises(BadInput, match="--format torchscript cannot hold test_vit: it needs tensors of 5 dimensions"):
        export([str(tmp_path / "vit"), "--format", "torchscript", "--output", str(out), *options, "--data-dir", "none"])
    assert not out.exists()
