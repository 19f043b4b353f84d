"""The settings of the data: where the images are, and how they are split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from blocks.specification import Frozen
from search.settings.paths import ExpandedPath
from search.settings.spaces import Large


def _ascending(value: Literal["auto"] | tuple[float, float]) -> Literal["auto"] | tuple[float, float]:
    if value != "auto" and value[0] >= value[1]:
        raise ValueError("expected the lower number first, as in [0, 4095]")
    return value


Brightness = Annotated[float, Field(ge=-1e9, le=1e9)]


class DataSettings(Frozen):
    """Where the images are and how they are split. `path` may come from DATA_DIR."""

    source: Literal["digits", "folder", "csv", "coco", "fashion_mnist", "cifar10"] = "digits"
    path: ExpandedPath | None = Field(
        None, description="image folder, CSV file, folder of a COCO data set, or download folder"
    )
    annotations: str | Annotated[dict[Literal["train", "validation", "test"], str], Field(min_length=1)] = Field(
        "annotations.json", description="coco: annotation file, relative to path, or one for each split"
    )
    class_of_category: dict[str, str] = Field(
        default_factory=dict, description="coco: class of each category; others are left out. Empty: category names"
    )
    validation_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.2, description="where no validation split is given"
    )
    test_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.2, description="where no test split is given")
    split_seed: Annotated[int, Field(ge=1 - 2**32, le=2**32 - 1)] = 0
    fit: Literal["stretch", "crop"] = Field("stretch", description="how an image becomes square")
    unreadable: Literal["refuse", "skip"] = Field("refuse", description="what to do about files that are not images")
    max_pixels: Large = Field(100_000_000, description="larger images are refused before they are decoded")
    pixel_range: Annotated[Literal["auto"] | tuple[Brightness, Brightness], AfterValidator(_ascending)] = Field(
        "auto", description="values that are black and white in images of more than 8 bits a channel, as [0, 4095]"
    )
