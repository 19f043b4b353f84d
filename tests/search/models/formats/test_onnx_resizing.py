"""The resizing inside an ONNX graph, against Pillow's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from search.data.decode import Fit
from search.models.classifier import Images
from search.models.formats.onnx_resizing import resize_inside
from search.models.formats.onnx_session import INPUT, OUTPUT, open_session
from search.models.preprocessing import FITTING
from search.models.sources import Source

SIZE = 32
PIXELS = f"""
<ir_version: 8, opset_import: ["" : 17]>
network (uint8[batch, 3, {SIZE}, {SIZE}] {INPUT}) => (uint8[batch, 3, {SIZE}, {SIZE}] {OUTPUT})
{{
  {OUTPUT} = Identity({INPUT})
}}
"""


def resized(picture: Images, fit: Fit, source: Source, path: Path) -> Images:
    """What the network gets: uint8 (32, 32, 3)."""
    taken = source.description.input.model_copy(update={"fit": fit})
    onnx.save(onnx.parser.parse_model(PIXELS), str(path))
    resize_inside(path, source.description.model_copy(update={"input": taken}))
    batch = np.ascontiguousarray(np.stack([picture, picture[::-1]]).transpose(0, 3, 1, 2))
    first, second = open_session(path, threads=1).run([OUTPUT], {INPUT: batch})[0].transpose(0, 2, 3, 1)
    assert np.abs(first.astype(int) - second[::-1]).max() <= 1, "the second picture of the batch is upside down"
    return np.asarray(first)


@pytest.mark.parametrize("fit", ["stretch", "crop"])
@pytest.mark.parametrize("shape", [(240, 320), (331, 97), (20, 24), (SIZE, SIZE), (1, 1), (7, 901)])
def test_it_is_pillow_s_to_one_level(fit: Fit, shape: tuple[int, int], source: Source, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    image = Image.fromarray(picture)
    left, top, right, bottom = map(int, FITTING[fit][""](image))
    fitted = image.crop((left, top, right, bottom))
    by_pillow = np.asarray(fitted.resize((SIZE, SIZE), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(resized(picture, fit, source, tmp_path / "model.onnx") - by_pillow).max() <= 1


def test_a_picture_of_the_network_s_size_is_unchanged(source: Source, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    assert (resized(picture, "stretch", source, tmp_path / "model.onnx") == picture).all()


def test_margins_are_whole_pixels(source: Source, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE + 3, 3), dtype=np.uint8)
    assert (resized(picture, "crop", source, tmp_path / "model.onnx") == picture[:, 1 : 1 + SIZE]).all()
