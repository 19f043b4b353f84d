"""Write a search into one file: studies, trials, learning curves, results, models and checkpoints.

The database may be in use meanwhile. python -m search.restore reads the file into a database, which may be of another
kind.

Example: python -m search.backup --config demo demo.zip
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.errors import BadInput
from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import command_parser, exit_with_status, loading
from search.system.outputs import file_problems


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.backup") -> None:
    parser = command_parser(prog, __doc__)
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to write, or to replace once it is complete")
    all_settings.add_arguments(parser, without=OF_TRAINING | {"device"})
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    if problems := _problems(options.file):
        raise BadInput("arguments", problems)
    with loading():
        from search.archive.writing import back_up
    back_up(settings, options.file)


def _problems(file: Path) -> list[str]:
    if file.exists() and not file.is_dir() and not file.is_file():
        return [f"FILE {file}: is a pipe or a device; name a file"]
    return file_problems("FILE", file)


if __name__ == "__main__":
    exit_with_status(main)
