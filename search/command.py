"""How a command ends: its own status, or 2 and one message for input that cannot be used."""

from __future__ import annotations

import sys
from collections.abc import Callable

from search.errors import BadInput
from storage.errors import DatabaseRefused


def exit_with_status(main: Callable[[], int | None]) -> None:
    """Run a command's `main` and exit: its status, or 2 and one message on standard error for bad input."""
    try:
        sys.exit(main() or 0)
    except (BadInput, DatabaseRefused) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
