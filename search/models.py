"""A trained network in a folder: its weights as safetensors and, beside them, the description that makes it again.

Nothing is ever unpickled: the description is JSON, `blocks.build.build` makes the network, the weights are tensors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from blocks.build import build
from blocks.network import Network
from blocks.specification import Frozen, NetworkSpecification
from search.data.arrays import PartName
from search.data.depth import SIXTEEN_BITS
from search.errors import BadInput
from search.outputs import new_folder

FORMAT = "elimnet-model"
FORMAT_VERSION = 1
WEIGHTS_FILE = "model.safetensors"
DESCRIPTION_FILE = "model.json"
_NAMED_AT_MOST = 5


class InputDescription(Frozen):
    """What the network takes: (N, 3, image_size, image_size), RGB, values in `value_range`; it normalises them itself.

    fit          how a picture became square: stretched, or its middle cropped
    pixel_range  values that became black and white in images of more than 8 bits a channel
    """

    image_size: int
    fit: Literal["stretch", "crop"]
    pixel_range: tuple[float, float] = SIXTEEN_BITS
    layout: Literal["NCHW"] = "NCHW"
    channels: Literal["RGB"] = "RGB"
    value_range: tuple[float, float] = (0.0, 1.0)
    normalisation: Literal["inside"] = "inside"


class Metrics(Frozen):
    """Scores on one split, and what the network costs. `confusion` has a row for each true class."""

    split: Literal["validation", "test"]
    f1_macro: float
    accuracy: float
    f1_per_class: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]
    parameters: int
    macs: int


class Provenance(Frozen):
    """Where a network comes from. Nobody needs it to build the network, and everybody to trust it.

    study, trial     the trial that trained it
    initial_weights  where training began: pretrained or random
    recipe           of the training, as settings write it
    data             `Dataset.describe()`: name, fingerprint, pictures of each class in each split
    trained_on       splits; of models kept before this was written down, known by the one they were scored on
    device           what trained it, in `seconds`
    versions         of the packages that trained it
    """

    study: str
    trial: int
    seed: int
    initial_weights: str
    recipe: dict[str, Any]
    data: dict[str, Any]
    metrics: Metrics
    trained_on: PartName = Field(default_factory=lambda known: _trained_on(known["metrics"]))
    device: str
    seconds: float
    versions: dict[str, str]

    @property
    def saw_validation(self) -> bool:
        """Whether it was trained on validation pictures, too, so that a score on them is no score."""
        return self.trained_on == "train+validation"


def _trained_on(metrics: Metrics) -> PartName:
    return "train+validation" if metrics.split == "test" else "train"


class ModelDescription(Frozen):
    """The content of model.json. Class i of the network's output is `classes[i]`."""

    format: Literal["elimnet-model"] = "elimnet-model"
    format_version: Literal[1] = 1
    network: NetworkSpecification
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    input: InputDescription
    provenance: Provenance
    weights_sha256: str

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if len(self.classes) != self.network.classes:
            raise ValueError(f"{len(self.classes)} class names for a network of {self.network.classes} classes")
        metrics = self.provenance.metrics
        if {len(metrics.f1_per_class), len(metrics.confusion), *map(len, metrics.confusion)} != {len(self.classes)}:
            raise ValueError(f"metrics of another number of classes than {len(self.classes)}")
        if self.input.image_size != self.network.image_size:
            raise ValueError(f"input of {self.input.image_size} px for a network of {self.network.image_size} px")
        return self


def save_model(
    network: Network, classes: Sequence[str], taken: InputDescription, provenance: Provenance, folder: Path
) -> ModelDescription:
    """Write `network`, with the weights it has, to a new `folder`, which appears only when it is whole.

    taken  what the network takes
    Raises BadInput where there is something already, where it cannot be written, and for class names that are no text.
    """
    if unwritable := [name for name in classes if name.encode("utf-8", "replace").decode() != name]:
        problem = f"names of classes that are no text in UTF-8: {', '.join(map(repr, unwritable))}; rename them"
        raise BadInput("the model cannot be saved", [problem])
    weights = save({name: _own(tensor) for name, tensor in network.state_dict().items()})
    description = ModelDescription(
        network=network.specification,
        classes=tuple(classes),
        input=taken,
        provenance=provenance,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
    )
    with new_folder(folder, "the model cannot be saved") as beside:
        (beside / WEIGHTS_FILE).write_bytes(weights)
        (beside / DESCRIPTION_FILE).write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return description


def load_model(folder: Path) -> tuple[Network, ModelDescription]:
    """The network of a folder that `save_model` wrote, on the CPU and in evaluation mode, and its description.

    Raises BadInput, with what is wrong, for files that are missing, damaged or of something else.
    """
    missing = [
        f"{folder / name}: no such file; a model is {DESCRIPTION_FILE} with {WEIGHTS_FILE} beside it"
        for name in (DESCRIPTION_FILE, WEIGHTS_FILE)
        if not (folder / name).is_file()
    ]
    if missing:
        raise BadInput("the model cannot be loaded", missing)
    description = _read_description(folder / DESCRIPTION_FILE)
    state = _read_weights(folder / WEIGHTS_FILE, description)
    try:
        network = build(description.network)
    except ValueError as error:
        raise BadInput("the model cannot be built", [f"{folder / DESCRIPTION_FILE}: {error}"]) from error
    if problems := _differences(network.state_dict(), state):
        raise BadInput("the weights do not fit the network", [f"{folder / WEIGHTS_FILE}: {line}" for line in problems])
    network.load_state_dict(state)
    return network.eval(), description


def _own(tensor: Tensor) -> Tensor:
    """A copy that shares no memory, in the order that safetensors wants: training may keep channels last."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def _read_description(path: Path) -> ModelDescription:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("the model cannot be loaded", [f"{path}: not JSON: {error}"]) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadInput("the model cannot be loaded", [f'{path}: describes no model: expected "format": "{FORMAT}"'])
    if (found := content.get("format_version")) != FORMAT_VERSION:
        problem = f"{path}: format_version {found}, expected {FORMAT_VERSION}; load it with the program that saved it"
        raise BadInput("the model cannot be loaded", [problem])
    try:
        return ModelDescription.model_validate_json(json.dumps(content))
    except ValidationError as error:
        problems = [
            f"{path}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        ]
        raise BadInput("the model cannot be loaded", problems) from error


def _read_weights(path: Path, description: ModelDescription) -> dict[str, Tensor]:
    try:
        content = path.read_bytes()
        state = load(content)
    except OSError as error:
        raise BadInput("the model cannot be loaded", [f"{path}: {error.strerror}"]) from error
    except SafetensorError as error:
        raise BadInput("the model cannot be loaded", [f"{path}: not a whole safetensors file: {error}"]) from error
    found = hashlib.sha256(content).hexdigest()
    if found != description.weights_sha256:
        problem = (
            f"{path}: damaged, or of another model: its SHA-256 is {found[:12]}…, {DESCRIPTION_FILE} says "
            f"{description.weights_sha256[:12]}…; fetch both files again"
        )
        raise BadInput("the model cannot be loaded", [problem])
    return state


def _differences(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    problems = {
        "missing tensors": sorted(wanted.keys() - found.keys()),
        "unknown tensors": sorted(found.keys() - wanted.keys()),
        "tensors of another shape or type": [
            f"{name} {tuple(found[name].shape)} {found[name].dtype}, expected {tuple(tensor.shape)} {tensor.dtype}"
            for name, tensor in wanted.items()
            if name in found and (found[name].shape, found[name].dtype) != (tensor.shape, tensor.dtype)
        ],
    }
    return [
        f"{len(names)} {kind}: {'; '.join(names[:_NAMED_AT_MOST])}{'; …' if len(names) > _NAMED_AT_MOST else ''}"
        for kind, names in problems.items()
        if names
    ]
