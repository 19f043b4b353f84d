"""What commands share: what a number is, how all that is wrong is said at once, and how a command ends."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from search.errors import BadInput
from storage.errors import DatabaseRefused


def whole(least: int, most: int) -> Callable[[str], int]:
    """argparse's `type` of a whole number from `least` to `most`, thousands apart or not."""

    def number(text: str) -> int:
        digits = text.replace(",", "")
        if not re.fullmatch("[0-9]{1,18}", digits) or not least <= int(digits) <= most:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least:,} to {most:,}, got {text!r}")
        return int(digits)

    return number


def between(least: float, most: float) -> Callable[[str], float]:
    """argparse's `type` of a number from `least` to `most`."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected a number from {least:g} to {most:g}, got {text!r}")
        return value

    return number


positive = whole(1, 10**15)


@contextmanager
def collected(problems: list[str]) -> Iterator[None]:
    """Whatever is wrong inside is added to `problems`, and the next check goes on."""
    try:
        yield
    except BadInput as error:
        problems += [f"{error.what}: {problem}" for problem in error.problems]
    except DatabaseRefused as error:
        problems.append(str(error))


def exit_with_status(main: Callable[[], int | None]) -> None:
    """Run a command's `main` and exit: its status, or 2 and one message on standard error for bad input."""
    try:
        sys.exit(main() or 0)
    except (BadInput, DatabaseRefused) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
