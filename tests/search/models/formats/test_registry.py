"""Export, reload and predict for every backbone that must be exportable and every family of scratch networks."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import (
    BlockKind,
    EliminatedSpecification,
    HeadSpecification,
    ScratchSpecification,
    StageSpecification,
)
from search.errors import BadInput
from search.models.deployed import Deployed, of_network
from search.models.description import ModelDescription
from search.models.formats.onnx import FORMAT as ONNX
from search.models.formats.registry import (
    FORMAT_OF_SUFFIX,
    FORMATS,
    Entry,
    Int8,
    in_lines,
    load_format,
    writing_problems,
)
from search.models.image_files import classify, image_files
from search.models.loading import open_classifier
from search.models.sources import Source
from search.settings.search import Settings
from tests.formats import where_installed
from tests.house import PYPROJECT, ROOT

BACKBONES = ["efficientnet_b0", "resnet18", "mobilenetv3_large_100", "mnasnet_100", "tf_efficientnet_lite0"]
FAMILIES: dict[BlockKind, StageSpecification] = {
    "conv": StageSpecification(block="conv", channels=8, stride=2, activation="relu6"),
    "dwconv": StageSpecification(block="dwconv", channels=8, kernel=5),
    "inverted_residual_v2": StageSpecification(block="inverted_residual_v2", channels=8, repeats=2, expansion=2),
    "inverted_residual_v3": StageSpecification(
        block="inverted_residual_v3", channels=8, expansion=2, squeeze_excitation=True, activation="hard_swish"
    ),
    "mbconv": StageSpecification(
        block="mbconv", channels=8, repeats=2, expansion=2, stochastic_depth=0.1, squeeze_excitation=True,
        activation="silu",
    ),
}  # fmt: skip
SIZE = 32
LARGEST_DIFFERENCE = 3e-5  # of answers that lie 1e-2 apart at least
ORIGINAL, NEW = HeadSpecification(kind="original"), HeadSpecification(kind="conv3x3", width=8, convolutions=1)
POINTWISE = HeadSpecification(kind="conv1x1", width=8)
CUTS = {
    "efficientnet_b0": ("blocks.3.2", NEW),
    "resnet18": ("layer2.1", HeadSpecification()),
    "tf_efficientnet_lite0": ("blocks.3.2", NEW),
    "mobilenetv3_large_100": ("blocks.3.3", HeadSpecification(kind="multi_tap", taps=("blocks.1.1", "blocks.2.2"))),
    "mnasnet_100": ("blocks.3.1", POINTWISE),
    "vgg11": ("features.9", POINTWISE),
}


def cut(backbone: str, module: str | None, head: HeadSpecification) -> EliminatedSpecification:
    return EliminatedSpecification(backbone=backbone, cut=module, classes=3, image_size=SIZE, head=head)


SCRATCH: dict[str, ScratchSpecification] = {
    name: ScratchSpecification(image_size=SIZE, classes=3, stem_channels=4, stages=(stage,))
    for name, stage in FAMILIES.items()
}
NETWORKS: dict[str, EliminatedSpecification | ScratchSpecification] = {
    **{name: cut(name, None, ORIGINAL) for name in BACKBONES},
    **{f"{name} to {module} + {head.kind}": cut(name, module, head) for name, (module, head) in CUTS.items()},
    **SCRATCH,
}
WITH_SLOW_ONES = [pytest.param(name, marks=[pytest.mark.slow] * name.startswith("vgg")) for name in NETWORKS]


def description_of(network: EliminatedSpecification | ScratchSpecification, source: Source) -> ModelDescription:
    return source.description.model_copy(update={"network": network})


def alive(specification: EliminatedSpecification | ScratchSpecification) -> Network:
    """In evaluation mode, with the batch statistics of noise: with those of a new network, all its answers are one."""
    torch.manual_seed(0)
    network = build(specification)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean of all batches, of which there is one
    with torch.no_grad():
        network.train()(torch.rand(64, 3, SIZE, SIZE))
    return network.eval()


def agreement(
    name: str, format_name: str, source: Source, settings: Settings, photographs: Path, folder: Path
) -> float:
    """The largest difference of probabilities between the network and its export, by files as `predict` reads them."""
    network = alive(NETWORKS[name])
    description, chosen = description_of(NETWORKS[name], source), load_format(format_name)
    folder.mkdir()
    deployed = Deployed(network, description.temperature).eval()
    chosen.write(deployed, chosen.description(description), folder / FORMATS[format_name].file)
    reloaded = open_classifier(str(folder), settings)
    files = image_files([photographs])
    answers = [
        np.concatenate([batch.probabilities for batch in classify(classifier, files, 10**6)])
        for classifier in (of_network(network, description, torch.device("cpu")), reloaded)
    ]
    assert reloaded.description.classes == ("class0", "class1", "class2")
    assert answers[1].shape == (70, 3)
    assert np.ptp(answers[1], axis=0).max() > 1e-2, "images that get the same answer from any network"
    assert np.abs(answers[1].sum(axis=1) - 1).max() < 1e-5
    return float(np.abs(answers[0] - answers[1]).max())


@pytest.mark.parametrize("name", WITH_SLOW_ONES)
def test_onnx_answers_as_pytorch(
    name: str, source: Source, settings: Settings, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    difference = agreement(name, "onnx", source, settings, photographs, tmp_path / "onnx")
    with capsys.disabled():
        print(f"\n{name}: ONNX and PyTorch differ by {difference:.1e} at most", end=" ")
    assert difference < LARGEST_DIFFERENCE


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["torchscript", "torch-export"])
@pytest.mark.parametrize("name", NETWORKS)
def test_so_do_the_formats_of_pytorch(
    name: str, format_name: str, source: Source, settings: Settings, photographs: Path, tmp_path: Path
) -> None:
    assert agreement(name, format_name, source, settings, photographs, tmp_path / format_name) < LARGEST_DIFFERENCE


def test_onnx_says_what_it_takes_to_those_who_know_nothing_of_us(source: Source, tmp_path: Path) -> None:
    deployed = Deployed(source.network, source.description.temperature).eval()
    ONNX.write(deployed, ONNX.description(source.description), tmp_path / "model.onnx")
    model = onnx.load(str(tmp_path / "model.onnx"))
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert said["classes"] == '["class0", "class1", "class2"]'
    assert said["input"] == "pictures: uint8 (N, 3, 32, 32), RGB, 0 to 255"
    (taken,) = model.graph.input
    assert [place.dim_param or place.dim_value for place in taken.type.tensor_type.shape.dim] == ["batch", 3, 32, 32]
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.UINT8


OF_EXTRAS = [name for name, entry in FORMATS.items() if entry.extra]
SOME = ["inverted_residual_v3", "tf_efficientnet_lite0 to blocks.3.2 + conv3x3"]


@pytest.mark.slow
@pytest.mark.parametrize("format_name", where_installed(OF_EXTRAS))
@pytest.mark.parametrize("name", [*SOME, "mobilenetv3_large_100 to blocks.3.3 + multi_tap"])
def test_so_do_the_formats_of_other_runtimes(
    name: str, format_name: str, source: Source, settings: Settings, photographs: Path, tmp_path: Path
) -> None:
    assert agreement(name, format_name, source, settings, photographs, tmp_path / format_name) < LARGEST_DIFFERENCE


def test_every_format_has_a_suffix_of_its_own() -> None:
    assert len(FORMAT_OF_SUFFIX) == len(FORMATS)


@pytest.mark.parametrize("format_name", where_installed())
def test_every_format_has_a_snippet_of_five_lines(format_name: str, source: Source) -> None:
    assert len(load_format(format_name).snippet(source.description, FORMATS[format_name].file)) == 5


def test_every_extra_is_declared() -> None:
    assert set(OF_EXTRAS) <= PYPROJECT["project"]["optional-dependencies"].keys()


INT8 = Int8("model.int8.foreign", writers=("no_quantiser",))
FOREIGN = Entry("model.foreign", "(N, 3, S, S) uint8", "Foreign", "foreign", ("no_converter",), ("no_runtime", "json"))


def test_a_format_without_its_libraries_is_refused_with_the_line_that_installs_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "foreign", FOREIGN)
    monkeypatch.setitem(FORMAT_OF_SUFFIX, ".foreign", "foreign")
    install = "pip install 'elimnet-search[foreign]'"
    lacks = "--format foreign needs no_converter and no_runtime, which are not installed"
    assert writing_problems("foreign") == [f"{lacks}: {install}"]
    assert writing_problems("onnx") == []
    (tmp_path / "model.foreign").write_bytes(b"")
    with pytest.raises(BadInput) as caught:  # opening needs no converter
        open_classifier(str(tmp_path), settings)
    assert caught.value.problems == [f"--format foreign needs no_runtime, which is not installed: {install}"]


def test_what_cannot_be_quantised_is_said_with_what_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    can = "onnx, openvino, litert"
    problem = f"--quantize int8: torchscript cannot be quantised; these formats can: {can}"
    assert writing_problems("torchscript", int8=True) == [problem]
    assert writing_problems("onnx", int8=True) == []
    monkeypatch.setitem(FORMATS, "foreign", replace(FOREIGN, int8=INT8))
    (problem,) = writing_problems("foreign", int8=True)
    assert "--format foreign needs no_converter and no_runtime and no_quantiser, which are not installed" in problem
    assert "no_quantiser" not in writing_problems("foreign")[0]


def test_the_list_says_what_is_installed_and_what_proves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "foreign", FOREIGN)
    lines = [line.split("  ") for line in in_lines()]
    cells = {line[0]: [cell.strip() for cell in line if cell] for line in lines}
    assert cells["format"] == ["format", "installed", "int8", "file", "input", "proven in", "extra"]
    assert cells["onnx"] == ["onnx", "yes", "yes", "model.onnx", "(N, 3, S, S) uint8, 0 to 255", "ONNX Runtime"]
    assert cells["foreign"] == ["foreign", "no", "no", "model.foreign", "(N, 3, S, S) uint8", "Foreign", "foreign"]
    monkeypatch.setitem(FORMATS, "foreign", replace(FOREIGN, int8=INT8))
    (line,) = [line for line in in_lines() if line.startswith("foreign")]
    assert re.match(r"foreign +no +not installed +model\.foreign ", line)
    assert FORMATS.keys() <= cells.keys()
    second = "pip install --no-deps litert-torch==0.10.0 litert-converter==0.5.0 ai-edge-quantizer==0.10.0"
    assert f"litert also needs {second}" in list(in_lines())
    assert FORMATS["litert"].install == f"pip install 'elimnet-search[litert]' && {second}"


def test_the_registry_imports_no_library_of_a_format() -> None:
    code = "import sys, search.models.formats.registry as r; list(r.in_lines()); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    modules = {module for entry in FORMATS.values() for module in (*entry.writers, *entry.runners)}
    modules |= {module for entry in FORMATS.values() if entry.int8 for module in entry.int8.writers}
    assert not {"torch", "onnx", "onnxruntime", *modules} & set(loaded)


@pytest.mark.parametrize("format_name", where_installed(name for name in FORMATS if name != "safetensors"))
def test_a_damaged_file_is_refused(format_name: str, settings: Settings, source: Source, tmp_path: Path) -> None:
    file = tmp_path / FORMATS[format_name].file
    for content in (b"", b"half a model"):
        file.write_bytes(content)
        with pytest.raises(BadInput, match=r"not a whole|cannot be read"):
            open_classifier(str(file), settings)


def test_openvino_without_its_weights_or_without_our_description_is_refused(
    settings: Settings, source: Source, tmp_path: Path
) -> None:
    openvino = pytest.importorskip("openvino", reason="comes with the extra openvino")
    deployed = Deployed(source.network, source.description.temperature).eval()
    load_format("openvino").write(deployed, source.description, tmp_path / "model.xml")
    network = openvino.Core().read_model(tmp_path / "model.xml")
    del network.rt_info["elimnet"]
    openvino.save_model(network, tmp_path / "foreign.xml", compress_to_fp16=False)
    with pytest.raises(BadInput, match="has no class names"):
        open_classifier(str(tmp_path / "foreign.xml"), settings)
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(BadInput, match=r"not a whole OpenVINO file.*model\.bin belongs beside it"):
        open_classifier(str(tmp_path / "model.xml"), settings)


def test_ncnn_without_its_weights_or_without_our_description_is_refused(
    settings: Settings, source: Source, tmp_path: Path
) -> None:
    pytest.importorskip("pnnx", reason="comes with the extra ncnn")
    deployed = Deployed(source.network, source.description.temperature).eval()
    file, weights = tmp_path / "model.ncnn.param", tmp_path / "model.ncnn.bin"
    load_format("ncnn").write(deployed, source.description, file)
    assert (tmp_path / "labels.txt").read_text() == "class0\nclass1\nclass2\n"
    open_classifier(str(file), settings)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(BadInput, match="not a whole ncnn file"):
        open_classifier(str(file), settings)
    weights.write_bytes(b"")
    with pytest.raises(BadInput, match=r"not a whole ncnn file: model\.ncnn\.bin is empty or cannot be read"):
        open_classifier(str(file), settings)
    (tmp_path / "description.json").unlink()
    with pytest.raises(BadInput, match=r"description\.json: cannot be read: .*; copy the whole folder of the export"):
        open_classifier(str(file), settings)


class Unusual(Deployed):
    """With an operator that ncnn does not have."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.special.digamma(images.float() + 1))


def test_an_operator_that_ncnn_does_not_have_is_named(source: Source, tmp_path: Path) -> None:
    pytest.importorskip("pnnx", reason="comes with the extra ncnn")
    with pytest.raises(RuntimeError, match=r"ncnn has no operator for .*digamma"):
        load_format("ncnn").write(Unusual(source.network).eval(), source.description, tmp_path / "model.ncnn.param")
    assert list(tmp_path.glob("model*")) == []


def test_a_foreign_onnx_model_is_refused(settings: Settings, source: Source, tmp_path: Path) -> None:
    deployed = Deployed(source.network, source.description.temperature).eval()
    ONNX.write(deployed, ONNX.description(source.description), tmp_path / "model.onnx")
    model = onnx.load(str(tmp_path / "model.onnx"))
    del model.metadata_props[:]
    onnx.save(model, str(tmp_path / "foreign.onnx"))
    with pytest.raises(BadInput, match="has no class names"):
        open_classifier(str(tmp_path / "foreign.onnx"), settings)


def test_a_file_of_another_kind_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(b"")
    with pytest.raises(BadInput, match=r"expected \.html, .*\.onnx, .*\.safetensors, .*a folder or a trial"):
        open_classifier(str(tmp_path / "model.h5"), settings)


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may become larger than a few pages, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("format_name", where_installed())
def test_a_full_disk_is_an_error_and_not_the_end_of_the_process(
    format_name: str, source: Source, tmp_path: Path
) -> None:
    write, file = load_format(format_name).write, tmp_path / FORMATS[format_name].file
    with no_room(), pytest.raises((OSError, BadInput), match="File too large"):
        write(Deployed(source.network, source.description.temperature).eval(), source.description, file)


def test_the_guide_has_all_formats() -> None:
    lines = (ROOT / "docs" / "guide" / "formats.md").read_text().splitlines()
    rows = [[cell.strip("` ") for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `")]
    written = {row[0]: (row[1], row[2], row[4], float(row[5])) for row in rows if len(row) == 6}
    known = {name: (each.file, each.taken, each.proven_in, each.tolerance) for name, each in FORMATS.items()}
    assert written == known


def test_the_guide_has_all_8_bit_models() -> None:
    guide = (
        (ROOT / "docs" / "guide" / "formats.md").read_text().partition("\n## 8-bit integers")[2].partition("\n## ")[0]
    )
    rows = [
        [cell.strip("` ") for cell in line.split("|")[1:3]] for line in guide.splitlines() if line.startswith("| `")
    ]
    assert dict(rows) == {name: entry.int8.file for name, entry in FORMATS.items() if entry.int8}
