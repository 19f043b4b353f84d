"""What a command asks of a final evaluation. Kept apart from the work, which takes seconds to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SEEDS = 5


@dataclass(frozen=True)
class Asked:
    """The options of `search.finalize`; None for an option that is not given."""

    study: str = "final"
    rows: Sequence[str] | None = None
    max_parameters: int | None = None
    baselines: Sequence[str] | None = None
    controls: bool = False
    seeds: int | None = None

    @property
    def flags(self) -> list[str]:
        """The given options that say which networks or seeds are wanted."""
        said = ("rows", "max_parameters", "baselines", "controls", "seeds")
        return [f"--{name.replace('_', '-')}" for name in said if getattr(self, name)]
