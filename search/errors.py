"""The exceptions that a user can act on. Every other exception is a bug and keeps its traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class BadInput(Exception):
    """The user's input cannot be used: settings, data, weights or a database address. Carries all problems together."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        self.what = what
        self.problems = list(problems)
        super().__init__("\n".join([f"{what}:", *(f"  - {problem}" for problem in self.problems)]))


class TrialFailed(Exception):
    """One trial failed for a reason that it should show, such as a loss that is not finite, or lack of memory."""


class NotProven(Exception):
    """What was made does not do what it should, so it was not written. The message has the figures."""


class Interrupted(Exception):
    """The trial was asked to stop. Its last checkpoint is written, and it can be resumed."""


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """The known names that are similar to a misspelt name, as the end of a sentence; empty if there are none."""
    near = difflib.get_close_matches(name, list(known), n=most)
    return f"; did you mean {', '.join(near)}?" if near else ""
