"""The description of a trained network: the content of model.json, which exported files also carry.

Reading it does not need PyTorch, so an ONNX model runs without PyTorch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from blocks.specification import Frozen, NetworkSpecification
from search.data.arrays import PartName
from search.data.depth import SIXTEEN_BITS
from search.errors import BadInput
from search.statistics.separation import Separation

FORMAT = "elimnet-model"
FORMAT_VERSION = 1
WEIGHTS_FILE = "model.safetensors"
DESCRIPTION_FILE = "model.json"


class InputDescription(Frozen):
    """The network's input: (N, 3, image_size, image_size), RGB, values in `value_range`; the network normalises them.

    fit          how an image is resized to a square: stretch or center crop
    pixel_range  values of black and white in images of more than 8 bits per channel
    """

    image_size: int
    fit: Literal["stretch", "crop"]
    pixel_range: tuple[float, float] = SIXTEEN_BITS
    layout: Literal["NCHW"] = "NCHW"
    channels: Literal["RGB"] = "RGB"
    value_range: tuple[float, float] = (0.0, 1.0)
    normalisation: Literal["inside"] = "inside"


class Metrics(Frozen):
    """Scores on one split, and the network's cost. `confusion` has a row for each true class.

    unknown  how well it tells the unknown images of the split; None if there are none
    """

    split: Literal["validation", "test"]
    f1_macro: float
    accuracy: float
    f1_per_class: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]
    parameters: int
    macs: int
    unknown: Separation | None = None


class Provenance(Frozen):
    """The origin of a network. It is not needed to build the network, but to trust it.

    study, trial     the trial that trained it
    initial_weights  pretrained or random
    recipe           the training recipe, as in the settings
    networks         number of cuts that were trained together, this network included
    data             `Dataset.describe()`: name, fingerprint, number of images of each class in each split
    trained_on       splits; for older models without this field, inferred from the split that they were scored on
    device           the device that trained it, in `seconds`
    versions         versions of the packages that trained it
    """

    study: str
    trial: int
    seed: int
    initial_weights: str
    recipe: dict[str, Any]
    networks: int = 1
    data: dict[str, Any]
    metrics: Metrics
    trained_on: PartName = Field(default_factory=lambda known: _trained_on(known["metrics"]))
    device: str
    seconds: float
    versions: dict[str, str]

    @property
    def saw_validation(self) -> bool:
        """Whether it was also trained on validation images, so that a score on them means nothing."""
        return self.trained_on == "train+validation"


def _trained_on(metrics: Metrics) -> PartName:
    return "train+validation" if metrics.split == "test" else "train"


class Decision(Frozen):
    """When the model decides: if the probability of the predicted class is at least that class's threshold.

    precision, reject       what was asked of the thresholds: see `search.models.decisions.chosen_decision`
    images, decided, wrong  numbers of validation images, of those that were decided, and of the wrong ones among these
    unknown, turned_away    numbers of unknown validation images, and of those that were not decided
    """

    thresholds: tuple[float, ...]
    precision: float | None
    reject: float | None
    images: int
    decided: int
    wrong: int
    unknown: int = 0
    turned_away: int = 0


class ModelDescription(Frozen):
    """The content of model.json. Class i of the network's output is `classes[i]`; without `decision` it has no
    thresholds, and always decides. `temperature` divides the logits before the softmax; older models have none: 1.
    """

    format: Literal["elimnet-model"] = "elimnet-model"
    format_version: Literal[1] = 1
    network: NetworkSpecification
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    input: InputDescription
    provenance: Provenance
    weights_sha256: str
    temperature: Annotated[float, Field(gt=0)] = 1.0
    decision: Decision | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if len(self.classes) != self.network.classes:
            raise ValueError(f"{len(self.classes)} class names for a network of {self.network.classes} classes")
        metrics = self.provenance.metrics
        if {len(metrics.f1_per_class), len(metrics.confusion), *map(len, metrics.confusion)} != {len(self.classes)}:
            raise ValueError(f"metrics of another number of classes than {len(self.classes)}")
        if self.input.image_size != self.network.image_size:
            raise ValueError(f"input of {self.input.image_size} px for a network of {self.network.image_size} px")
        if self.decision is not None and len(self.decision.thresholds) != len(self.classes):
            raise ValueError(f"{len(self.decision.thresholds)} thresholds for {len(self.classes)} classes")
        return self


def check_files(folder: Path) -> None:
    """Raises BadInput if a folder lacks a file that `save_model` writes."""
    missing = [
        f"{folder / name}: no such file; a model is {DESCRIPTION_FILE} with {WEIGHTS_FILE} beside it"
        for name in (DESCRIPTION_FILE, WEIGHTS_FILE)
        if not (folder / name).is_file()
    ]
    if missing:
        raise BadInput("the model cannot be loaded", missing)


def read_description(path: Path) -> ModelDescription:
    """The description of a file that `save_model` wrote. Raises BadInput for anything else."""
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
