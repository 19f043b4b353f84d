from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from search.training.weights import PACKAGED, Weights, find_weights, load_weights


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need no network: whatever is not local is not there."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    load_weights.cache_clear()


def test_the_packaged_weights_are_those_of_a_network_that_sees() -> None:
    state = load_weights(PACKAGED, None)
    model = timm.create_model(PACKAGED)
    model.load_state_dict(state)
    assert len(state) == 296
    # Trained batch statistics are far from the 0 and 1 that a new network starts with.
    assert state["bn1.running_var"].std() > 0.1
    assert not torch.equal(state["classifier.weight"], timm.create_model(PACKAGED).state_dict()["classifier.weight"])


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_local_file_comes_before_everything_else(tmp_path: Path, suffix: str) -> None:
    state = timm.create_model(PACKAGED).state_dict()
    path = tmp_path / f"{PACKAGED}{suffix}"
    if suffix == ".pth":
        torch.save({"state_dict": state}, path)
    else:
        save_file(state, path)
    found = find_weights(PACKAGED, tmp_path)
    assert isinstance(found, Weights)
    assert found.source == str(path)
    assert torch.equal(found.load()["conv_stem.weight"], state["conv_stem.weight"])


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must never run",)


def test_a_pickle_is_not_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"weight": _Payload()}, tmp_path / "resnet18.pth")
    with pytest.raises(Exception, match=r"[Ww]eights.only"):
        load_weights("resnet18", tmp_path)
    assert "must never run" not in capsys.readouterr().out


def test_every_place_says_why_it_has_none(tmp_path: Path) -> None:
    reasons = find_weights("resnet18", tmp_path)
    assert reasons == [
        f"{tmp_path} has no .safetensors or .pth file of its name",
        "no package ships it",
        "timm's hub is switched off by HF_HUB_OFFLINE",
    ]
    with pytest.raises(FileNotFoundError, match="no weights for resnet18: "):
        load_weights("resnet18", tmp_path)
