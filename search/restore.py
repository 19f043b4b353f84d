"""Read a file that python -m search.backup wrote into a database, which may be of another kind.

A search of this name must not exist there; --name gives the restored search another name. If anything goes wrong,
nothing is restored.

Example: python -m search.restore demo.zip --database-url postgresql://me@server/search
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import command_parser, exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.restore") -> None:
    parser = command_parser(prog, __doc__)
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to read")
    all_settings.add_arguments(parser, without=OF_TRAINING | {"device"})
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.archive.restoring import restore
    restore(settings, options.file)


if __name__ == "__main__":
    exit_with_status(main)
