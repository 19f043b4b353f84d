"""The settings of the data: where the images are, and how they are split."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from blocks.specification import Frozen
from search.settings.paths import ExpandedPath
from search.settings.spaces import Large


def _ascending(value: Literal["auto"] | tuple[float, float]) -> Literal["auto"] | tuple[float, float]:
    if value != "auto" and value[0] >= value[1]:
        raise ValueError("expected the lower number first, as in [0, 4095]")
    return value


def _one_group(value: str) -> str:
    """A text with brackets is a regular expression; any other is the name of a column or key."""
    if not is_pattern(value):
        return value
    try:
        found = re.compile(value)
    except re.error as error:
        raise ValueError(f"expected a regular expression, but {error}") from error
    if found.groups != 1:
        raise ValueError(f"expected a regular expression with one group, as in {EXAMPLE}; it has {found.groups}")
    return value


def is_pattern(groups: str) -> bool:
    """Whether `data.groups` is a regular expression over the path, and not the name of a column or key."""
    return any(char in groups for char in "()[]*+\\^$")


def column_of(settings: DataSettings) -> str | None:
    """The column or key that `data.groups` names, if it names one."""
    return None if settings.groups is None or is_pattern(settings.groups) else settings.groups


EXAMPLE = r"(?P<group>pupil\d+)"
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
    groups: Annotated[str, Field(min_length=1), AfterValidator(_one_group)] | None = Field(
        None,
        description="what names the group of an image, such as its pupil or its scene; a group stays in one split. "
        "A column of the CSV file, a key of the images of the COCO file, or a regular expression over the path with "
        r"one group, such as (?P<group>pupil\d+)",
    )
    near_copies: Literal["group", "warn", "off"] = Field(
        "group",
        description="what happens to images that show nearly the same: they stay in one split, or they are only "
        "named, or nobody looks for them. A split that the data set declares is never changed",
    )
    corrections: ExpandedPath | None = Field(
        None,
        description="CSV file with the columns file, given, proposed and action (keep, relabel or drop), which "
        "corrects labels; no file of the data set is changed",
    )
    unknown: ExpandedPath | None = Field(
        None,
        description="folder of images of no class, at any depth. They are split as the labelled images, and never "
        "count in a score of the classes. They show how many unknown images a model turns away, and can be used in "
        "training (recipe.unknown_weight)",
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
