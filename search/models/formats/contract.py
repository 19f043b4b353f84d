"""What an export format has to offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from search.models.classifier import Classifier
from search.models.description import ModelDescription

if TYPE_CHECKING:  # PyTorch: an exported ONNX model is opened without it
    from search.models.deployed import Deployed


@dataclass(frozen=True)
class Format:
    """One way to write a trained model to a file. The description travels inside the file or beside it.

    write         writes the network, as deployed and in evaluation mode, and its description to a new file
    open          opens such a file on the CPU; raises BadInput for a damaged or foreign file
    needs         the packages that `snippet` needs
    snippet       five lines of Python that load the file of that name and classify `image.jpg`, for the model card; the
                  first imports, also json and numpy; the fourth makes `probabilities`, (1, classes), of `image`
    write_half    `write` for a model of 16-bit floats; None: there is none
    takes_pixels  True: the model takes pixels from 0 to 255 and returns probabilities; False: it is the bare network,
                  which takes values from 0 to 1 and returns logits
    """

    write: Callable[[Deployed, ModelDescription, Path], None]
    open: Callable[[Path], Classifier]
    needs: str
    snippet: Callable[[ModelDescription, str], list[str]]
    takes_pixels: bool = True
    write_half: Callable[[Deployed, ModelDescription, Path], None] | None = None

    def description(self, trained: ModelDescription) -> ModelDescription:
        """The description that the exported file carries: its input range may differ from the trained network's."""
        if not self.takes_pixels:
            return trained
        pixels = trained.input.model_copy(update={"value_range": (0.0, 255.0)})
        return trained.model_copy(update={"input": pixels})
