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
    """Where the images are and how they are split. The variable DATA_DIR sets `path`."""

    source: Literal["digits", "folder", "csv", "coco", "fashion_mnist", "cifar10"] = Field(
        "digits", description="kind of data set; with data_dir: folder, or csv or coco if it is such a file"
    )
    path: ExpandedPath | None = Field(
        None, description="image folder, CSV file, folder of a COCO data set, or download folder"
    )
    annotations: str | Annotated[dict[Literal["train", "validation", "test"], str], Field(min_length=1)] = Field(
        "annotations.json", description="COCO annotation file, relative to path, or one file for each split"
    )
    class_of_category: dict[str, str] = Field(
        default_factory=dict,
        description="class of each COCO category; categories that are not listed are left out; "
        "empty: each category is a class",
    )
    validation_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.2, description="share of the images in the validation split, if the data has no validation split of its own"
    )
    test_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.2, description="share of the images in the test split, if the data has no test split of its own"
    )
    split_seed: Annotated[int, Field(ge=1 - 2**32, le=2**32 - 1)] = Field(
        0, description="seed of the split; another seed gives another split"
    )
    fit: Literal["stretch", "crop"] = Field(
        "stretch", description="how an image is resized to a square: stretched, or cropped at its center"
    )
    unreadable: Literal["refuse", "skip"] = Field(
        "refuse", description="what happens if files are not readable images: the data is refused, or they are skipped"
    )
    max_pixels: Large = Field(
        100_000_000, description="largest number of pixels of an image; larger images are refused before decoding"
    )
    pixel_range: Annotated[Literal["auto"] | tuple[Brightness, Brightness], AfterValidator(_ascending)] = Field(
        "auto", description="values of black and white in images of more than 8 bits per channel, for example [0, 4095]"
    )
