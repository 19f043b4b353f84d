"""Resizing inside an ONNX graph: the model takes upright pictures of any size, and makes them square itself.

ONNX's Resize, with antialiasing since opset 18, gives what Pillow's bilinear resizing gives, to one level of 255. That
takes `exclude_outside`: without it, pixels at the edges differ by up to 16 levels (`docs/guide/devices.md`).
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import version_converter

from search.data.decode import Fit
from search.models.description import ModelDescription
from search.models.formats.onnx_session import INPUT
from search.models.formats.onnx_tracing import describe_onnx

OPSET = 18
TOLERANCE = 0.05
"""The largest difference of a probability from that to the same picture, resized by Pillow."""

_SQUARE = "square"
_GRAPH = """
resizing (uint8[batch, 3, height, width] {input}) => (uint8[batch, 3, {size}, {size}] {square})
{{
  {fitting}
  channels = Shape<start = 0, end = 2>({input})
  side = Constant<value_ints = [{size}, {size}]>()
  sizes = Concat<axis = 0>(channels, side)
  {square} = Resize<
    mode = "linear", antialias = 1, exclude_outside = 1, coordinate_transformation_mode = "half_pixel"
  >(fitted, , , sizes)
}}
"""
_FITTING: dict[Fit, str] = {
    "stretch": "fitted = Identity({input})",
    "crop": """
  shape = Shape<start = 2>({input})
  shorter = ReduceMin<keepdims = 1>(shape)
  two = Constant<value_ints = [2]>()
  margins = Sub(shape, shorter)
  starts = Div(margins, two)
  ends = Add(starts, shorter)
  places = Constant<value_ints = [2, 3]>()
  fitted = Slice({input}, starts, ends, places)
""",
}


def resize_inside(path: Path, description: ModelDescription) -> None:
    """Put the resizing before the network in the file at `path`, which then takes uint8 (N, 3, height, width).

    Pictures of the network's own size pass unchanged. With `crop`, the margins are whole pixels, and nothing beyond
    them counts, while Pillow looks a pixel of the result further.
    """
    model = version_converter.convert_version(onnx.load(str(path)), OPSET)
    taken = description.input
    text = _GRAPH.format(
        input=INPUT, square=_SQUARE, size=taken.image_size, fitting=_FITTING[taken.fit].format(input=INPUT)
    )
    resizing, network = onnx.parser.parse_graph(text), model.graph
    for node in network.node:
        node.input[:] = [_SQUARE if name == INPUT else name for name in node.input]
    nodes = [*resizing.node, *network.node]
    del network.node[:], network.input[:]
    network.node.extend(nodes)
    network.input.extend(resizing.input)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    describe_onnx(path, description)
