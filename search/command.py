"""What commands share: what a number is, how all that is wrong is said at once, and how a command ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from search.errors import BadInput
from search.outputs import print_any_character
from storage.errors import DatabaseRefused


def add_quiet_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option `--quiet` of the commands that train."""
    said = "show no progress: only warnings, failed trials and the report"
    parser.add_argument("--quiet", action="store_true", help=said)


def positive(text: str) -> int:
    """A whole number from 1, thousands apart or not, as argparse's `type`."""
    digits = text.replace(",", "")
    if not digits.isdigit() or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, got {text!r}")
    return int(digits)


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
    print_any_character()
    try:
        sys.exit(main() or 0)
    except (BadInput, DatabaseRefused) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
