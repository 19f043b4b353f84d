"""Ranking cuts by the scores of their linear probes.

A probe ranks cuts; it does not predict their F1: on TrashNet a cut with a probe score of 0.76 reached 0.89 after
fine-tuning, and shallow cuts gain most. So the cheapest cut that is nearly as good as the best comes before the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from blocks.specification import Positive
from search.statistics.pareto import front

NEARLY = 1.25
"""A probe is nearly as good as the best probe if 1 - F1 is at most this many times the best probe's 1 - F1."""


@dataclass(frozen=True)
class ProfiledCut:
    """A cut with a pooling + linear head, scored before any training.

    module       last module before the cut; None for the full backbone
    image_size   of the profiled images, in pixels; `macs` are per image of that size
    parameters   of backbone and head, like `macs`
    f1_macro     validation macro F1 of a linear probe that was fitted to the training split
    logme        log evidence per training image; higher is better
    recommended  whether it is on the Pareto front of `f1_macro` against `parameters` over all cuts of the profile
    """

    backbone: str
    module: str | None
    stage: int
    image_size: int
    parameters: Positive
    macs: int
    f1_macro: float
    logme: float
    recommended: bool = False

    @property
    def name(self) -> str:
        """Name of the cut for people."""
        return self.module or "(full)"


def ranked(cuts: Sequence[ProfiledCut]) -> tuple[ProfiledCut, ...]:
    """The cuts by descending probe F1, equal cuts by ascending size; cuts on the Pareto front are marked."""
    on_front = front([(cut.f1_macro, cut.parameters) for cut in cuts])
    marked = [replace(cut, recommended=bool(member)) for cut, member in zip(cuts, on_front, strict=True)]
    return tuple(sorted(marked, key=lambda cut: (-cut.f1_macro, cut.parameters)))


def first_choices(ranking: Sequence[ProfiledCut]) -> list[ProfiledCut]:
    """The recommended cuts in order of priority, without full backbones.

    First the smallest cut that is nearly as good as the best, then the best, then the others, best first.
    """
    recommended = [cut for cut in ranking if cut.recommended and cut.module is not None]
    if not recommended:
        return []
    nearly_best = [cut for cut in recommended if 1 - cut.f1_macro <= NEARLY * (1 - recommended[0].f1_macro)]
    knee = min(nearly_best, key=lambda cut: cut.parameters)
    return [knee, *(cut for cut in recommended if cut is not knee)]
