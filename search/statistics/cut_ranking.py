"""From scores to an order in which to try cuts.

A probe ranks, it does not predict: on TrashNet a cut whose probe scored 0.76 reached 0.89 when it was fine-tuned, and
shallow cuts gain the most. So the order asks for the cheapest cut that is nearly as good as the best, before the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from blocks.specification import Positive
from search.statistics.pareto import front

NEARLY = 1.25
"""A probe is nearly as good as the best if it lacks at most this many times what the best lacks of an F1 of 1."""


@dataclass(frozen=True)
class ProfiledCut:
    """A cut with a head of pooling + linear, scored before anything is trained.

    module       last kept module; None for the uncut backbone
    image_size   in pixels, of the images that were profiled; `macs` are of one such image
    parameters   of backbone and head, like `macs`
    f1_macro     on validation, of a linear probe fitted to the training split
    logme        log evidence of a training image; higher is better
    recommended  on the front of `f1_macro` against `parameters` over all cuts of the profile
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
        """The cut in a word, for people."""
        return self.module or "(uncut)"


def ranked(cuts: Sequence[ProfiledCut]) -> tuple[ProfiledCut, ...]:
    """The cuts by the F1 of their probes, best first, and of equal ones the smallest; those on the front are marked."""
    on_front = front([(cut.f1_macro, cut.parameters) for cut in cuts])
    marked = [replace(cut, recommended=bool(member)) for cut, member in zip(cuts, on_front, strict=True)]
    return tuple(sorted(marked, key=lambda cut: (-cut.f1_macro, cut.parameters)))


def first_choices(ranking: Sequence[ProfiledCut]) -> list[ProfiledCut]:
    """The recommended cuts in the order in which to train them; uncut backbones are not among them.

    First the smallest that is nearly as good as the best, then the best, then the others, best first.
    """
    recommended = [cut for cut in ranking if cut.recommended and cut.module is not None]
    if not recommended:
        return []
    nearly_best = [cut for cut in recommended if 1 - cut.f1_macro <= NEARLY * (1 - recommended[0].f1_macro)]
    knee = min(nearly_best, key=lambda cut: cut.parameters)
    return [knee, *(cut for cut in recommended if cut is not knee)]
