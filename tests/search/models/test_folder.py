from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

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
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE, InputDescription, Metrics, Provenance
from search.models.folder import load_model, save_model

BACKBONE = "test_efficientnet"
CLASSES = ["glass", "metal", "paper"]
TAKEN = InputDescription(image_size=32, fit="crop")
HEADS = {
    "pool_linear": HeadSpecification(dropout=0.2),
    "conv1x1": HeadSpecification(kind="conv1x1", width=8),
    "conv3x3": HeadSpecification(kind="conv3x3", width=8, convolutions=2),
    "multi_tap": HeadSpecification(kind="multi_tap", taps=("blocks.0.0",)),
    "original": HeadSpecification(kind="original"),
}
STAGES: dict[BlockKind, StageSpecification] = {
    "conv": StageSpecification(block="conv", channels=8, stride=2),
    "dwconv": StageSpecification(block="dwconv", channels=8, kernel=5),
    "inverted_residual_v2": StageSpecification(block="inverted_residual_v2", channels=8, repeats=2, expansion=2),
    "inverted_residual_v3": StageSpecification(
        block="inverted_residual_v3", channels=8, expansion=2, squeeze_excitation=True, activation="hard_swish"
    ),
    "mbconv": StageSpecification(block="mbconv", channels=8, repeats=2, expansion=2, stochastic_depth=0.1),
}


def eliminated(head: HeadSpecification) -> EliminatedSpecification:
    cut = None if head.kind == "original" else "blocks.2.0"
    return EliminatedSpecification(
        backbone=BACKBONE, cut=cut, image_size=32, classes=3, head=head, mean=(0.4, 0.5, 0.6)
    )


def scratch(*stages: StageSpecification) -> ScratchSpecification:
    return ScratchSpecification(image_size=32, classes=3, stem_channels=4, stages=stages)


def provenance() -> Provenance:
    return Provenance(
        study="trash/elimination",
        trial=7,
        seed=1,
        initial_weights="pretrained",
        recipe={"epochs": 12},
        data={"name": "trash", "fingerprint": "3f2a91c07b6d"},
        metrics=Metrics(
            split="validation",
            f1_macro=0.75,
            accuracy=0.8,
            f1_per_class=(0.5, 0.75, 1.0),
            confusion=((1, 1, 0), (1, 3, 0), (0, 0, 4)),
            parameters=1000,
            macs=20_000,
        ),
        device="CPU",
        seconds=60.0,
        versions={"torch": torch.__version__},
    )


@pytest.mark.parametrize(("split", "trained_on"), [("validation", "train"), ("test", "train+validation")])
def test_what_a_model_of_before_was_trained_on_is_known_by_its_scores(split: str, trained_on: str) -> None:
    before = provenance().model_dump(exclude={"trained_on"})
    before["metrics"]["split"] = split
    assert Provenance.model_validate(before).trained_on == trained_on


def trained(network: Network) -> Network:
    """Away from the state that a new network of the same specification has: weights, statistics and counters."""
    torch.manual_seed(0)
    network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    for _ in range(2):
        network(torch.rand(4, 3, 32, 32)).square().mean().backward()
        optimizer.step()
    return network.eval()


def save(network: Network, folder: Path) -> None:
    save_model(network, CLASSES, TAKEN, provenance(), folder)


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    save(build(scratch(STAGES["conv"])), folder)
    return folder


@pytest.fixture
def saved(saved_once: Path, tmp_path: Path) -> Path:
    """A model of one's own to damage."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in saved_once.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize(
    "specification",
    [*map(eliminated, HEADS.values()), *map(scratch, STAGES.values()), scratch(*STAGES.values())],
    ids=[*HEADS, *STAGES, "all blocks"],
)
def test_a_network_comes_back_with_the_same_logits(
    specification: EliminatedSpecification | ScratchSpecification, tmp_path: Path
) -> None:
    network = trained(build(specification))
    save(network, tmp_path / "model")
    loaded, description = load_model(tmp_path / "model")
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    images = torch.rand(4, 3, 32, 32)
    assert torch.equal(loaded(images), network(images))
    assert not torch.equal(loaded(images), build(specification).eval()(images))
    assert description.network == specification
    assert not loaded.training


def test_every_kind_of_head_and_block_is_among_them() -> None:
    assert set(HEADS) == set(HeadSpecification.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]
    assert set(STAGES) == set(StageSpecification.model_fields["block"].annotation.__args__)  # type: ignore[union-attr]


def test_the_description_says_what_goes_in_and_what_comes_out(saved: Path) -> None:
    _, description = load_model(saved)
    assert description.classes == tuple(CLASSES)
    assert description.provenance == provenance()
    content = json.loads((saved / DESCRIPTION_FILE).read_text())
    assert (content["format"], content["format_version"]) == ("elimnet-model", 1)
    assert content["input"] == {
        "image_size": 32,
        "fit": "crop",
        "pixel_range": [0.0, 65535.0],
        "layout": "NCHW",
        "channels": "RGB",
        "value_range": [0.0, 1.0],
        "normalisation": "inside",
    }


def test_a_saved_model_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)  # the second file
    with pytest.raises(BadInput, match="models/one: No space left on device; name another folder"):
        save(build(scratch(STAGES["conv"])), tmp_path / "models" / "one")
    assert list((tmp_path / "models").iterdir()) == []


def test_nothing_is_overwritten(saved: Path) -> None:
    with pytest.raises(BadInput, match="exists; name a new folder"):
        save(build(scratch(STAGES["conv"])), saved)


def test_scores_must_be_of_as_many_classes_as_the_network_has(tmp_path: Path) -> None:
    scores = provenance().metrics.model_copy(update={"f1_per_class": (0.5, 0.75)})
    other = provenance().model_copy(update={"metrics": scores})
    with pytest.raises(ValueError, match="metrics of another number of classes than 3"):
        save_model(build(scratch(STAGES["conv"])), CLASSES, TAKEN, other, tmp_path / "model")


def test_class_names_must_be_as_many_as_the_network_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 class names for a network of 3 classes"):
        save_model(build(scratch(STAGES["conv"])), CLASSES[:2], TAKEN, provenance(), tmp_path / "model")


def described(**changes: Any) -> Callable[[Path], None]:
    """A description of which `changes` are the newest."""

    def damage(folder: Path) -> None:
        content = json.loads((folder / DESCRIPTION_FILE).read_text())
        (folder / DESCRIPTION_FILE).write_text(json.dumps(content | changes))

    return damage


def with_network(**changes: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        network = json.loads((folder / DESCRIPTION_FILE).read_text())["network"]
        described(network=network | changes)(folder)

    return damage


def with_weights(content: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / WEIGHTS_FILE).write_bytes(content)

    return damage


def truncate(folder: Path) -> None:
    weights = folder / WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:-10])


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS_FILE).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(content)


def unknown_backbone(folder: Path) -> None:
    network = eliminated(HEADS["pool_linear"]).model_copy(update={"backbone": "resnet19"})
    described(network=network.model_dump(mode="json"))(folder)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda folder: (folder / DESCRIPTION_FILE).unlink(), "model.json: no such file"),
        (lambda folder: (folder / WEIGHTS_FILE).unlink(), "model.safetensors: no such file"),
        (lambda folder: (folder / DESCRIPTION_FILE).write_text("{"), "model.json: not JSON"),
        (lambda folder: (folder / DESCRIPTION_FILE).write_bytes(b"\xff"), "model.json: not JSON"),
        (lambda folder: (folder / DESCRIPTION_FILE).write_text("[1]"), "describes no model"),
        (described(format="onnx"), "describes no model"),
        (described(format_version=2), "format_version 2, expected 1"),
        (described(licence="none"), "licence: Extra inputs are not permitted"),
        (described(classes=["glass", "metal"]), "2 class names for a network of 3 classes"),
        (described(classes=["glass", "metal", "paper", "tin"]), "4 class names for a network of 3 classes"),
        (with_network(classes=4), "3 class names for a network of 4 classes"),
        (with_network(image_size=64), "input of 32 px for a network of 64 px"),
        (with_network(stem_channels=0), "network.scratch.stem_channels: Input should be greater than or equal to 1"),
        (with_network(stem_channels=6), "tensors of another shape or type: trunk.stem.0.weight (4, 3, 3, 3)"),
        (unknown_backbone, "has no model 'resnet19'; did you mean resnet18"),
        (with_weights(b""), "not a whole safetensors file"),
        (with_weights(b"PK" + bytes(range(256))), "not a whole safetensors file"),
        (truncate, "not a whole safetensors file"),
        (flip_a_bit, "damaged, or of another model"),
    ],
)
def test_what_is_missing_damaged_or_foreign_is_refused_with_the_reason(
    saved: Path, damage: Callable[[Path], None], complaint: str
) -> None:
    damage(saved)
    with pytest.raises(BadInput) as refused:
        load_model(saved)
    assert complaint in str(refused.value)
    assert str(saved) in str(refused.value)


def test_both_files_are_missed_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        load_model(tmp_path / "nothing")
    assert len(refused.value.problems) == 2


def test_weights_of_other_layers_are_refused_by_name_even_if_the_checksum_was_mended(saved: Path) -> None:
    state = load_file(saved / WEIGHTS_FILE)
    state["head.classifier.weights"] = state.pop("head.classifier.weight")
    state["head.classifier.bias"] = state["head.classifier.bias"].double()
    save_file(state, saved / WEIGHTS_FILE)
    described(weights_sha256=hashlib.sha256((saved / WEIGHTS_FILE).read_bytes()).hexdigest())(saved)
    with pytest.raises(BadInput) as refused:
        load_model(saved)
    weights, change = saved / WEIGHTS_FILE, "head.classifier.bias (3,) torch.float64, expected (3,) torch.float32"
    assert refused.value.problems == [
        f"{weights}: 1 missing tensors: head.classifier.weight",
        f"{weights}: 1 unknown tensors: head.classifier.weights",
        f"{weights}: 1 tensors of another shape or type: {change}",
    ]


def test_a_pickle_is_not_executed(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("this must never run",)

    torch.save(Payload(), saved / WEIGHTS_FILE)
    with pytest.raises(BadInput, match="not a whole safetensors file"):
        load_model(saved)
    assert "must never run" not in capsys.readouterr().out


def test_a_model_of_an_older_version_has_temperature_1_and_no_thresholds(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    saved = save_model(build(scratch(STAGES["conv"])), CLASSES, TAKEN, provenance(), folder, temperature=1.7)
    assert load_model(folder)[1] == saved
    assert saved.temperature == 1.7
    content = json.loads((folder / DESCRIPTION_FILE).read_text())
    del content["temperature"], content["decision"]
    (folder / DESCRIPTION_FILE).write_text(json.dumps(content))
    _, description = load_model(folder)
    assert (description.temperature, description.decision) == (1, None)
    content["decision"] = {"thresholds": [0.5], "precision": 0.9, "reject": None, "images": 9, "decided": 9, "wrong": 0}
    (folder / DESCRIPTION_FILE).write_text(json.dumps(content))
    with pytest.raises(BadInput, match="1 thresholds for 3 classes"):
        load_model(folder)
