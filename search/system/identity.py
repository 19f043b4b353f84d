"""A user name and a home folder for a user without an account.

Containers and clusters run programs under user ids without an account. `getpass.getuser`, which torch calls at its
import, then raises KeyError, and so does everything that needs a home folder. Both read the environment first. The
variables are therefore set when the package is imported: before torch, for all commands and their processes.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")  # getpass.getuser reads these before it looks for the account


def give_identity() -> None:
    """Set USER and HOME if there is neither such a variable nor an account."""
    if not hasattr(os, "getuid") or _has_account():
        return
    if not any(os.environ.get(name) for name in NAMES):
        os.environ["USER"] = f"uid{os.getuid()}"
    if not os.environ.get("HOME"):
        home = _own_folder()
        os.environ["HOME"] = str(home)
        print(f"user id {os.getuid()} has no home folder: {home} is used; set HOME to use another", file=sys.stderr)


def _has_account() -> bool:
    import pwd  # noqa: PLC0415  not on every system

    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def _own_folder() -> Path:
    """Always the same folder, so that its files are found again, unless another user owns it or can write to it."""
    import tempfile  # noqa: PLC0415  few need it

    folder = Path(tempfile.gettempdir(), f"elimnet-search-{os.getuid()}")
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        found = folder.lstat()
        private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077 == 0
        if found.st_uid != os.getuid() or not private:
            return Path(tempfile.mkdtemp(prefix="elimnet-search-"))
    return folder
