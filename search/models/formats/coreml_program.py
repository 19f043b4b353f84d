"""An interpreter of Core ML's ML programs, for systems that have no Core ML.

It reads what was saved: the operations of the program, and the weights at their places in the package. Values that the
program has as 16-bit floats are rounded to 16 bits after each operation.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from search.models.classifier import Probabilities
from search.models.formats.coreml_operations import OPERATIONS

WEIGHTS = Path("Data") / "com.apple.CoreML"
_TYPES = {
    1: np.dtype(np.bool_), 10: np.dtype(np.float16), 11: np.dtype(np.float32), 12: np.dtype(np.float64),
    21: np.dtype(np.int8), 22: np.dtype(np.int16), 23: np.dtype(np.int32), 24: np.dtype(np.int64),
    31: np.dtype(np.uint8), 32: np.dtype(np.uint16), 33: np.dtype(np.uint32), 34: np.dtype(np.uint64),
}  # fmt: skip
"""`DataType` of MIL.proto"""
_STRING, _HALF = 2, 10
_BGR = 30
"""`ImageFeatureType.ColorSpace` of FeatureTypes.proto; RGB is 20"""
_MARK = 0xDEADBEEF
"""The first word of what describes an array in the file of the weights."""

Value = Any
"""A tensor, a number, a string, or a list of strings."""


class Unknown(Exception):
    """An operation that the interpreter does not know."""


class Program:
    """A saved program: a classifier of one image. Raises Unknown if an operation is not known here."""

    def __init__(self, spec: Any, package: Path) -> None:
        """`spec` is the protobuf `Model` of the folder `package`."""
        self._package = package
        self._files: dict[str, bytes] = {}
        (taken,) = spec.description.input
        self._is_bgr = taken.type.imageType.colorSpace == _BGR
        self._sides = taken.type.imageType.height, taken.type.imageType.width
        (function,) = spec.mlProgram.functions.values()
        (self._input,) = (each.name for each in function.inputs)
        self._constants: dict[str, Value] = {}
        self._operations = []
        for operation in function.block_specializations[function.opset].operations:
            if operation.type == "const":
                self._constants[operation.outputs[0].name] = self._value(operation.attributes["val"])
            else:
                self._operations.append(operation)
        classify = self._operations.pop()
        if classify.type != "classify":
            raise RuntimeError("it does not end with the classes of a classifier")
        self._probabilities: str = classify.inputs["probabilities"].arguments[0].name
        self.classes: list[str] = self._argument(classify.inputs["classes"], self._constants)
        if unknown := {each.type for each in self._operations} - OPERATIONS.keys():
            raise Unknown(f"the interpreter does not know {', '.join(sorted(unknown))}")

    @torch.inference_mode()
    def run(self, pixels: npt.NDArray[np.float32]) -> Probabilities:
        """(1, 3, S, S), RGB, 0 to 255 -> (1, classes). Core ML makes the channels of an image what the program asks."""
        if pixels.shape[2:] != self._sides:
            raise RuntimeError(f"it takes images of {self._sides[1]} x {self._sides[0]} pixels")
        image = torch.from_numpy(pixels)
        values = {**self._constants, self._input: image.flip(1) if self._is_bgr else image}
        for operation in self._operations:
            given = {name: self._argument(argument, values) for name, argument in operation.inputs.items()}
            made = OPERATIONS[operation.type](**given)
            for result, value in zip(operation.outputs, made if isinstance(made, tuple) else (made,), strict=True):
                is_half = result.type.tensorType.dataType == _HALF
                values[result.name] = value.half().float() if is_half else value
        found: Probabilities = values[self._probabilities].reshape(1, -1).float().numpy()
        return found

    def _argument(self, argument: Any, values: Mapping[str, Value]) -> Value:
        """A list if there are several, as for `concat`."""
        found = [values[each.name] if each.WhichOneof("binding") == "name" else self._value(each.value)
                 for each in argument.arguments]  # fmt: skip
        return found[0] if len(found) == 1 else found

    def _value(self, value: Any) -> Value:
        """A `Value` of MIL.proto. Floats become 32-bit tensors; scalars become numbers."""
        kind = value.type.tensorType
        if value.WhichOneof("value") == "blobFileValue":
            array = self._stored(value.blobFileValue, _TYPES[kind.dataType])
        elif value.type.WhichOneof("type") == "listType":
            return [self._value(each) for each in value.immediateValue.list.values]
        else:
            tensor = value.immediateValue.tensor
            form = tensor.WhichOneof("value")
            content = getattr(tensor, form).values if form else b""
            if kind.dataType == _STRING:
                return list(content) if kind.rank else content[0]
            dtype = _TYPES[kind.dataType]
            array = np.frombuffer(content, dtype) if form == "bytes" else np.array(content, dtype)
        array = array.reshape([each.constant.size for each in kind.dimensions])
        if not kind.rank:
            return array.item()
        return torch.from_numpy(array.astype(np.float32) if array.dtype.kind == "f" else array.copy())

    def _stored(self, blob: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """An array in a file of weights: at the blob's offset stands what describes it."""
        name = blob.fileName.removeprefix("@model_path/")
        if name not in self._files:
            self._files[name] = (self._package / WEIGHTS / name).read_bytes()
        content = self._files[name]
        mark, _, count, start = struct.unpack_from("<IIQQ", content, blob.offset)
        if mark != _MARK or len(content) < start + count:
            raise RuntimeError(f"{blob.fileName} is damaged")
        return np.frombuffer(content, dtype, count // dtype.itemsize, start)
