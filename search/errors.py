"""The exceptions that a person can act on. Everything else is a bug and keeps its traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class BadInput(Exception):
    """What the user gave cannot be used: settings, data, weights, a database address. Carries all problems at once."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        self.what = what
        self.problems = list(problems)
        super().__init__("\n".join([f"{what}:", *(f"  - {problem}" for problem in self.problems)]))


class TrialFailed(Exception):
    """One trial cannot give a result, for a reason worth showing on it (a loss that is not finite, memory)."""


class Interrupted(Exception):
    """The trial was asked to stop; its last checkpoint is written and it can be resumed."""


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """The names that are near a misspelt one, as the end of a sentence about it; nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=most)
    return f"; did you mean {', '.join(near)}?" if near else ""
