"""What commands share: what a number is, how all that is wrong is said at once, and how a command ends."""

from __future__ import annotations

import argparse
import difflib
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from search.errors import BadInput
from search.outputs import print_any_character
from search.settings import Settings
from search.spaces.settings import checked_name
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


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names that look like `name`, as the end of a sentence that refuses it; empty where none does."""
    near = difflib.get_close_matches(name.lower(), known, n=3)
    return f"; did you mean {', '.join(near)}?" if near else ""


@contextmanager
def collected(problems: list[str]) -> Iterator[None]:
    """Whatever is wrong inside is added to `problems`, and the next check goes on."""
    try:
        yield
    except BadInput as error:
        problems += [f"{error.what}: {problem}" for problem in error.problems]
    except DatabaseRefused as error:
        problems.append(str(error))


def check_study_of_rows(settings: Settings, study: str) -> None:
    """Raises BadInput where `study`, the name given for listed rows, is none, or is one of the search's own."""
    try:
        checked_name(study)
    except ValueError as error:
        raise BadInput("arguments", [f"--study {study!r}: {error}"]) from error
    if study in settings.studies:
        raise BadInput("arguments", [f"--study {study} is a study of the search itself; name another"])


@contextmanager
def loading() -> Iterator[None]:
    """Ctrl-C ends the process while modules are imported inside: libraries break when they are interrupted halfway."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def exit_with_status(main: Callable[[], int | None]) -> None:
    """Run a command's `main` and exit: with its status, 130 after Ctrl-C, or 2 and one message for bad input."""
    print_any_character()
    try:
        sys.exit(main() or 0)
    except KeyboardInterrupt:  # those that have something to hand back listen themselves, see `search.signals`
        sys.exit(130)
    except (BadInput, DatabaseRefused) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
