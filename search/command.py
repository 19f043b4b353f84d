"""What commands share: what a number is, how all that is wrong is said at once, and how a command ends."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from search.errors import BadInput
from search.outputs import forget_standard_output
from storage.errors import DatabaseRefused, StorageError

_NO_MORE_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


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
    """Run a command's `main` and exit: its status, or one message on standard error.

    2 for bad input; 1 for what no input can help: a database that is lost, a disk that is full. A reader of standard
    output that has seen enough, such as `head`, is no error.
    """
    sys.exit(_status(main))


def _status(main: Callable[[], int | None]) -> int:
    try:
        status = main() or 0
        sys.stdout.flush()
    except (BadInput, DatabaseRefused) as error:
        return _said(error, 2)
    except StorageError as error:
        return _said(error, 1)
    except SystemExit as error:  # by which rich answers to a reader that has gone
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        status = 0
    except BrokenPipeError:
        forget_standard_output()
        return 0
    except OSError as error:
        if error.errno not in _NO_MORE_ROOM:
            raise
        return _said(f"{error.filename or 'standard output'}: {error.strerror}", 1)
    return status


def _said(error: object, status: int) -> int:
    """After what was printed before, if that can still be written."""
    try:
        sys.stdout.flush()
    except OSError:
        forget_standard_output()
    print(f"error: {error}", file=sys.stderr)
    return status
