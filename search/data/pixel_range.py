"""The values of black and white in images with more than 8 bits per channel.

A data set has one range for all its images, because with a range for each file a dark image would become as bright as
the others. The range is derived from the largest value of all files if this is unambiguous. A warning states it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from search.data.depth import SIXTEEN_BITS, Extremes, PixelRange

BITS = (8, 10, 12, 14, 16)  # of sensors and scanners that write 16-bit files
WHITE = 255
SETTING = "data.pixel_range"
CHANGES = f"--set {SETTING}=[BLACK, WHITE] changes that"
Wanted = Literal["auto"] | tuple[float, float]


@dataclass
class Decision:
    """The range (None if no image needs one, or if there are problems), with warnings about assumptions."""

    pixel_range: PixelRange | None = None
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def decide(found: Collection[Extremes], wanted: Wanted) -> Decision:
    """The range of a data set, from the extremes `found` in its files with more than 8 bits per channel."""
    if not found:
        return Decision()
    if wanted != "auto":
        return Decision(PixelRange(*wanted))
    least, most = min(one.least for one in found), max(one.most for one in found)
    seen = f"images of more than 8 bits ({len(found)}) hold values from {least:,.10g} to {most:,.10g}"
    kinds = {one.integers for one in found}
    if len(kinds) > 1:
        seen += ", integers in some and floating point in others"
    elif kinds == {True} and least >= 0 and most <= SIXTEEN_BITS.high:
        return _of_bits(seen, next(bits for bits in BITS if most < 2**bits))
    elif kinds == {False} and least >= 0 and most <= 1:
        return Decision(PixelRange(0, 1), [f"{seen}: 0 is used as black and 1 as white; {CHANGES}"])
    advice = f"name them with --set {SETTING}=[BLACK, WHITE], or convert the images to 8 bits"
    return Decision(problems=[f"{seen}: the values of black and white are unknown; {advice}"])


def _of_bits(seen: str, bits: int) -> Decision:
    """The range of integers with so many bits. Files that use all 16 bits need no warning."""
    pixel_range = PixelRange(0, 2**bits - 1)
    if pixel_range == SIXTEEN_BITS:
        return Decision(pixel_range)
    assumed = f"{bits} bits are assumed: 0 is black and {pixel_range.high:,} is white"
    return Decision(pixel_range, [f"{seen}: {assumed}; {CHANGES}"])


def doubt(found: Extremes, decoded: npt.NDArray[np.uint8], pixel_range: PixelRange) -> str | None:
    """Why this range is probably wrong for an image: it would be nearly black, or nearly white; None if it is not.

    found    the extremes of its file
    decoded  uint8 (size, size, 3), converted with this range
    """
    low, high = pixel_range
    if found.most <= low + (high - low) / 16:
        what = "nearly black"
    elif found.most > high + (high - low) and np.median(decoded) == WHITE:  # a few values may be sensor errors
        what = "nearly white"
    else:
        return None
    seen = f"its largest value is {found.most:,.10g}, so it is {what} in the model's range of {pixel_range}"
    return f"{seen}; {CHANGES}"
