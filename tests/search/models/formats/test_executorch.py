from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.errors import BadInput
from search.models.deployed import CPU, Deployed, of_network
from search.models.formats.registry import load_format
from search.models.sources import Source
from tests.formats import description_to_quantise, images_to_quantise, network_to_quantise

pytest.importorskip("executorch", reason="comes with the extra executorch")


def written(source: Source, folder: Path) -> Path:
    chosen, deployed = load_format("executorch"), Deployed(source.network, source.description.temperature).eval()
    chosen.write(deployed, chosen.description(source.description), folder / "model.pte")
    return folder / "model.pte"


def test_xnnpack_computes_it_as_pytorch(source: Source, tmp_path: Path) -> None:
    network, images = network_to_quantise(3), images_to_quantise(50)
    description, chosen = description_to_quantise(network, source), load_format("executorch")
    chosen.write(Deployed(network).eval(), description, tmp_path / "model.pte")
    right = of_network(network, description, CPU).probabilities(images)
    opened = chosen.open(tmp_path / "model.pte")
    assert np.abs(opened.probabilities(images) - right).max() < 1e-5
    assert np.abs(opened.run(images[:7]) - right[:7]).max() < 1e-5
    assert np.ptp(right, axis=0).max() > 0.1, "images that get the same answer"
    assert b"XnnpackBackend" in (tmp_path / "model.pte").read_bytes()
    assert opened.description == description


def test_without_its_description_it_is_refused(source: Source, tmp_path: Path) -> None:
    path = written(source, tmp_path)
    assert (tmp_path / "labels.txt").read_text() == "class0\nclass1\nclass2\n"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match="not a whole ExecuTorch file"):
        load_format("executorch").open(path)
    (tmp_path / "description.json").unlink()
    with pytest.raises(BadInput, match=r"description\.json: cannot be read: .*; copy the whole folder of the export"):
        load_format("executorch").open(path)
