"""The settings of pruning: when a trial ends before its last epoch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from blocks.specification import Frozen
from search.settings.spaces import Count


class Stopping(Frozen):
    """When trials are pruned, which means that they end before their last epoch: see `search.study.pruner`."""

    enabled: bool = Field(True, description="whether trials are pruned")
    first_rung: Annotated[float, Field(ge=0.001, lt=1)] = Field(
        0.5, description="share of a trial's epochs after which it is first compared with finished trials (first rung)"
    )
    factor: Annotated[float, Field(ge=1.01, le=1000)] = Field(
        2.0, description="factor between the epochs of a rung and of the next rung"
    )
    quantile: Annotated[float, Field(ge=0.5, le=1)] = Field(
        0.98,
        description="quantile of the F1 that finished trials gained after a rung; a trial is pruned if it needs more",
    )
    least_finished: Count = Field(5, description="number of trials that must finish before any trial is pruned")
    across_studies: bool = Field(
        False, description="whether a trial is compared with trials of all studies, or only of its own study"
    )
