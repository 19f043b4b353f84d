"""What commands share: types of options, one message for all problems, and the exit status."""

from __future__ import annotations

import argparse
import errno
import math
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from search.errors import BadInput, NotProven
from search.system.outputs import forget_standard_output, print_any_character
from storage.errors import DatabaseRefused, StorageError

_NO_MORE_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def need_extra(extra: str, modules: Sequence[str], refused: str) -> None:
    """Raises BadInput, headed `refused`, with the line that installs the extra, if one of its modules is missing."""
    if missing := [name for name in modules if find_spec(name) is None]:
        raise BadInput(refused, [f"{' and '.join(missing)} not installed: pip install 'elimnet-search[{extra}]'"])


def add_quiet_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option `--quiet` of the commands that train."""
    said = "show only warnings, failed trials and the report (default: also show progress)"
    parser.add_argument("--quiet", action="store_true", help=said)


def add_log_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option `--log`: standard output for people, or as events for programs that collect logs."""
    said = "text for people, or json: each line of standard output is an event in JSON (default: text)"
    parser.add_argument("--log", choices=("text", "json"), default="text", help=said)


def positive(text: str) -> int:
    """argparse's `type` of a whole number of at least 1, with or without commas between thousands."""
    digits = text.replace(",", "")
    if not re.fullmatch("[0-9]{1,15}", digits) or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(digits)


def command_parser(prog: str, description: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows the description as it is, with its example on a line of its own."""
    return argparse.ArgumentParser(
        prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


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


def add_within_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option `--within` of the commands that recommend a network."""
    parser.add_argument(
        "--within",
        type=between(0, 1),
        metavar="D",
        help="recommend the smallest network whose F1 is at most D below the best of the Pareto front; default: the "
        "smallest whose 95%% interval of the difference includes 0",
    )


@contextmanager
def collected(problems: list[str]) -> Iterator[None]:
    """Add the problems of the block to `problems`, so that the next check still runs."""
    try:
        yield
    except BadInput as error:
        problems += [f"{error.what}: {problem}" for problem in error.problems]
    except DatabaseRefused as error:
        problems.append(str(error))


@contextmanager
def loading() -> Iterator[None]:
    """Ctrl-C kills the process while the block imports modules: an interrupted import leaves libraries broken."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def exit_with_status(main: Callable[[], int | None]) -> None:
    """Run a command's `main` and exit with its status, or with one message on standard error.

    The status is 130 after Ctrl-C, 2 for bad input, and 1 for other failures, such as a lost database, a full disk, or
    an export that answers differently. It is no error if the reader of standard output stops reading, as `head` does.
    """
    print_any_character()
    sys.exit(_status(main))


def _status(main: Callable[[], int | None]) -> int:
    status = 0
    try:
        status = main() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:  # commands with trials to requeue handle signals themselves, see `search.system.signals`
        return 130
    except (BadInput, DatabaseRefused) as error:
        return _said(error, 2)
    except (StorageError, NotProven) as error:
        return _said(error, 1)
    except SystemExit as error:  # rich exits like this when the reader has gone
        if not isinstance(error.__context__, BrokenPipeError):
            raise
    except BrokenPipeError:
        forget_standard_output()
    except OSError as error:
        if error.errno not in _NO_MORE_ROOM:
            raise
        return _said(f"{error.filename or 'standard output'}: {error.strerror}", 1)
    return status


def _said(error: object, status: int) -> int:
    """Print the message after everything that was printed before, and return the status."""
    try:
        sys.stdout.flush()
    except OSError:
        forget_standard_output()
    print(f"error: {error}", file=sys.stderr)
    return status
