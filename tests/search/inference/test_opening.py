from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.inference import pytorch_models
from search.inference.opening import open_classifier
from search.settings import Settings


def test_what_onnx_cannot_take_is_run_by_pytorch_and_said(
    model_folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    expected = open_classifier(str(model_folder), settings).run(pictures)

    def refuse(*_: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(pytorch_models, "through_onnx", refuse)
    assert np.allclose(open_classifier(str(model_folder), settings).run(pictures), expected, atol=1e-5)
    assert f"ONNX Runtime cannot take {model_folder}, so PyTorch runs it, more slowly: no such operator" in caplog.text
