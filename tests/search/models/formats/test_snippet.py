from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.data.decode import Fit, decode
from search.models.formats.registry import load_format
from search.models.sources import Source
from tests.formats import where_installed


@pytest.mark.parametrize("fit", ["stretch", "crop"])
@pytest.mark.parametrize("format_name", where_installed())
def test_an_image_becomes_what_training_saw(
    format_name: str, fit: Fit, source: Source, photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = (photographs / "day1" / "03.jpg").read_bytes()
    description = source.description.model_copy(
        update={"input": source.description.input.model_copy(update={"fit": fit})}
    )
    lines = load_format(format_name).snippet(description, "model")
    (making,) = [line for line in lines if line.startswith("image = ")]
    monkeypatch.chdir(photographs / "day1")
    Path("image.jpg").write_bytes(turned)
    made: dict[str, Image.Image] = {}
    exec(f"{lines[0]}\n{making}", made)
    (expected,) = decode(turned, [None], 32, fit, 10**6)
    assert np.array_equal(np.asarray(made["image"]), expected)
