"""Which values are black and white in the images of a data set that have more than 8 bits a channel.

One range for all of them: a range for each file would make a dark image as bright as any other. It is found from the
largest value of all files, as long as that leaves no doubt; what was found and assumed is a warning.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from search.data.depth import SIXTEEN_BITS, Extremes, PixelRange

BITS = (8, 10, 12, 14, 16)  # of sensors and scanners, in files of 16 bits
WHITE = 255
SETTING = "data.pixel_range"
CHANGES = f"--set {SETTING}=[BLACK, WHITE] changes that"
Wanted = Literal["auto"] | tuple[float, float]


@dataclass
class Decision:
    """The range, what was assumed for it, or why there is none. None also where no image needs one."""

    pixel_range: PixelRange | None = None
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def decide(found: Collection[Extremes], wanted: Wanted) -> Decision:
    """The range of a data set, of whose files of more than 8 bits these are the extremes."""
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
    """Files that use all of their 16 bits are what they say they are, and need no warning."""
    pixel_range = PixelRange(0, 2**bits - 1)
    if pixel_range == SIXTEEN_BITS:
        return Decision(pixel_range)
    assumed = f"{bits} bits are assumed: 0 is black and {pixel_range.high:,} is white"
    return Decision(pixel_range, [f"{seen}: {assumed}; {CHANGES}"])


def doubt(found: Extremes, decoded: npt.NDArray[np.uint8], pixel_range: PixelRange) -> str | None:
    """Why an image is hardly meant for this range: nearly all of it is black, or white.

    found    the extremes of its file
    decoded  uint8 (size, size, 3), in this range
    """
    low, high = pixel_range
    if found.most <= low + (high - low) / 16:
        what = "nearly black"
    elif found.most > high + (high - low) and np.median(decoded) == WHITE:  # a few may be errors of a sensor
        what = "nearly white"
    else:
        return None
    seen = f"its values end at {found.most:,.10g}, so it is {what} in the model's range of {pixel_range}"
    return f"{seen}; {CHANGES}"
