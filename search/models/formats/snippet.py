"""Lines of the model card's Python snippet that several formats share. The snippet classifies `image.jpg`."""

from __future__ import annotations

from collections.abc import Sequence

from search.models.description import ModelDescription

EXTRA_FILE = "description.json"
"""The extra file inside the formats of PyTorch that holds the model's description."""

PREDICTING = 3
"""The index of the line that makes `probabilities`, (1, classes), of an `image` of the network's size."""

IMAGE = PREDICTING - 1
"""The index of the line that makes `image`."""

IMAGE_TENSOR = "torch.from_numpy(numpy.array(image)).permute(2, 0, 1)[None]"


_UPRIGHT = 'PIL.ImageOps.exif_transpose(PIL.Image.open("image.jpg")).convert("RGB")'


def whole_image_lines(lines: Sequence[str]) -> list[str]:
    """The five `lines` for a model that resizes inside."""
    return [*lines[:IMAGE], f"image = {_UPRIGHT}", *lines[IMAGE + 1 :]]


def image_line(description: ModelDescription) -> str:
    """Read `image.jpg`, upright and in RGB, and make it square as in training."""
    size, upright = description.input.image_size, _UPRIGHT
    if description.input.fit == "crop":
        return f"image = PIL.ImageOps.fit({upright}, ({size}, {size}), PIL.Image.Resampling.BILINEAR)"
    return f"image = {upright}.resize(({size}, {size}), PIL.Image.Resampling.BILINEAR)"


def pytorch_snippet(description: ModelDescription, load: str) -> list[str]:
    """For a file of PyTorch: `load` is the expression that loads the model and fills `extra`."""
    return [
        "import json, numpy, torch, PIL.Image, PIL.ImageOps",
        f'extra = {{"{EXTRA_FILE}": ""}}; model = {load}',
        image_line(description),
        f"probabilities = model({IMAGE_TENSOR}).detach()",
        f'print(json.loads(extra["{EXTRA_FILE}"])["classes"][probabilities.argmax()])',
    ]


def golden_lines(lines: Sequence[str]) -> list[str]:
    """Lines that check the model against the golden pictures, after the five `lines` of a snippet have loaded it."""
    difference = 'abs(numpy.asarray(probabilities)[0] - each["probabilities"]).max()'
    return [
        'with open("golden.json") as file:',
        "    golden = json.load(file)",
        'for each in golden["pictures"]:',
        '    image = PIL.Image.open(each["input"])',
        f"    {lines[PREDICTING]}",
        f'    assert {difference} <= golden["tolerance"], each["input"]',
    ]
