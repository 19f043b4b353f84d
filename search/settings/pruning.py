"""The settings of pruning: when a trial is stopped before its last epoch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from blocks.specification import Frozen
from search.settings.spaces import Count


class Stopping(Frozen):
    """When trials are stopped before their end: see `search.study.pruner`."""

    enabled: bool = True
    first_rung: Annotated[float, Field(ge=0.001, lt=1)] = Field(0.5, description="share of a trial's epochs")
    factor: Annotated[float, Field(ge=1.01, le=1000)] = Field(2.0, description="from one rung to the next")
    quantile: Annotated[float, Field(ge=0.5, le=1)] = Field(
        0.98, description="of what finished trials gained after a rung: a trial that needs more is stopped"
    )
    least_finished: Count = Field(5, description="trials that have shown it, before any is stopped")
    across_studies: bool = Field(False, description="whether trials of all studies of the search are rivals")
