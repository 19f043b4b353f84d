"""The results of `benchmarks.frozen_stages`, and their lines of text."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

VIEWS = 4


@dataclass(frozen=True)
class FrozenResult:
    """Images per second, one value per window; seconds and bytes of the features, which are computed once."""

    frozen_stages: int
    above_features: tuple[float, ...]
    whole: tuple[float, ...]
    computing_seconds: float
    feature_bytes: int

    @property
    def ratio(self) -> float:
        """Median rate on cached features divided by the median rate of the full network."""
        return statistics.median(self.above_features) / statistics.median(self.whole)


@dataclass(frozen=True)
class HeadsResult:
    """Seconds of training `heads` heads. `largest_difference` is the largest difference of their validation logits."""

    heads: int
    one_by_one: float
    at_once: float
    largest_difference: float

    @property
    def ratio(self) -> float:
        return self.one_by_one / self.at_once


@dataclass(frozen=True)
class GpuResult:
    """Images per second of the two loops, and the limit that an H100's memory sets."""

    image_size: int
    ours: float
    timm: float
    floor_of_h100: float


def describe_frozen(result: FrozenResult) -> str:
    return (
        f"{result.frozen_stages} frozen stages: on cached features {statistics.median(result.above_features):,.0f} "
        f"images/s, full network {statistics.median(result.whole):,.0f}, ratio {result.ratio:.2f}; "
        f"{VIEWS} views once {result.computing_seconds:.1f} s, {result.feature_bytes / 1e6:,.1f} MB"
    )


def describe_heads(result: HeadsResult) -> str:
    return (
        f"{result.heads} heads: one by one {result.one_by_one:.2f} s, in one batch {result.at_once:.2f} s, "
        f"ratio {result.ratio:.1f}; logits differ by at most {result.largest_difference:.2g}"
    )


def describe_gpu(result: GpuResult) -> str:
    return (
        f"{result.image_size} px: ours {result.ours:,.0f} images/s, timm's loop {result.timm:,.0f}; "
        f"{result.ours / result.floor_of_h100:.0%} of an H100's limit of {result.floor_of_h100:,.0f}"
    )
