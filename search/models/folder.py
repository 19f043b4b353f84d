"""A trained network in a folder: its weights as safetensors, and the description from which it can be built.

Nothing is unpickled: the description is JSON, `blocks.build.build` builds the network, the weights are tensors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from blocks.build import build
from blocks.network import Network
from search.errors import BadInput
from search.models.description import (
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
    Decision,
    InputDescription,
    ModelDescription,
    Provenance,
    check_files,
    read_description,
)
from search.system.outputs import new_folder
from search.system.text import some_of

_NAMED_AT_MOST = 5


def save_model(
    network: Network,
    classes: Sequence[str],
    taken: InputDescription,
    provenance: Provenance,
    folder: Path,
    *,
    temperature: float = 1.0,
    decision: Decision | None = None,
) -> ModelDescription:
    """Write `network` and its weights to a new `folder`, which appears only when it is complete.

    taken        the network's input
    temperature  divides the logits before the softmax
    decision     the thresholds of its probabilities, if it has some
    Raises BadInput if the folder exists or cannot be written, and for class names that are not valid text.
    """
    if unwritable := [name for name in classes if name.encode("utf-8", "replace").decode() != name]:
        problem = f"class names that are not valid UTF-8: {', '.join(map(repr, unwritable))}; rename them"
        raise BadInput("the model cannot be saved", [problem])
    weights = save({name: _own(tensor) for name, tensor in network.state_dict().items()})
    description = ModelDescription(
        network=network.specification,
        classes=tuple(classes),
        input=taken,
        provenance=provenance,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        temperature=temperature,
        decision=decision,
    )
    with new_folder(folder, "the model cannot be saved") as beside:
        (beside / WEIGHTS_FILE).write_bytes(weights)
        (beside / DESCRIPTION_FILE).write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return description


def load_model(folder: Path) -> tuple[Network, ModelDescription]:
    """The network of a folder that `save_model` wrote, on the CPU and in evaluation mode, and its description.

    Raises BadInput with the reason if files are missing, damaged or no model.
    """
    check_files(folder)
    description = read_description(folder / DESCRIPTION_FILE)
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
    """A copy that shares no memory, in the memory order that safetensors needs: training may use channels last."""
    return tensor.detach().to("cpu", copy=True).contiguous()


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
            f"{path}: damaged, or of another model: its SHA-256 is {found[:12]}…, but {DESCRIPTION_FILE} says "
            f"{description.weights_sha256[:12]}…; copy both files again"
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
    return [f"{len(names)} {kind}: {some_of(names, _NAMED_AT_MOST, '; ')}" for kind, names in problems.items() if names]
