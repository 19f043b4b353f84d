"""Images as a page shows them: bounded in size, and with a map of where the network looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.models.classifier import Images
from search.system.offline_page import jpeg

SIDE = 128
MOST_BYTES = 6_000
"""Of one image as JPEG. 128 px of a photograph take some 3,000 with quality 80; more are taken by noise alone."""

COLOURS = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))
"""Five colours at equal distances of matplotlib's map "inferno", whose lightness grows evenly."""
STRENGTH = 0.75
DIMMED, LIFTED = 0.6, 60.0

Maps = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """Addresses of images for a page: the network's input, and the same with the map, if there is one."""

    plain: str
    looked: str | None


def picture(image: Images, activation: Maps | None = None) -> Picture:
    """An image, uint8 (S, S, 3), and its activation map (H, W), as a page shows them."""
    shown = _bounded(image)
    looked = None if activation is None else jpeg(overlaid(shown, activation), MOST_BYTES)
    return Picture(jpeg(shown, MOST_BYTES), looked)


def overlaid(image: Images, activation: Maps) -> Images:
    """The image (S, S, 3) in grey under its map (H, W) in colour, from the map's mean to its most.

    Places at or below the mean stay grey: a constant that the map adds everywhere says nothing about places.
    """
    side = len(image)
    mean, most = float(activation.mean()), float(activation.max())
    scaled = (activation - mean) / (most - mean) if most > mean else np.zeros_like(activation)
    smooth = Image.fromarray(scaled.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    heat = np.asarray(smooth).clip(0, 1)
    grey = np.asarray(Image.fromarray(image).convert("L"), dtype=np.float32) * DIMMED + LIFTED
    return _coloured(grey, heat)


def scale_colours() -> str:
    """The colours of an overlaid grey image, from the mean to the most, as CSS."""
    steps = _coloured(np.full(len(COLOURS), LIFTED + DIMMED * 128), np.linspace(0, 1, len(COLOURS)))
    return ", ".join(f"rgb{tuple(step)}" for step in steps.tolist())


def _coloured(grey: npt.NDArray[Any], heat: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Grey values and heat from 0 to 1, each (...) -> uint8 (..., 3)."""
    places = np.linspace(0, 1, len(COLOURS))
    colour = np.stack([np.interp(heat, places, channel) for channel in zip(*COLOURS, strict=True)], axis=-1)
    share = STRENGTH * heat[..., None]
    return (grey[..., None] * (1 - share) + colour * share).clip(0, 255).astype(np.uint8)


def _bounded(image: Images) -> Images:
    if len(image) <= SIDE:
        return image
    return np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BOX))
