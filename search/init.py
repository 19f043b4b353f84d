"""Create the tables and the studies of a search, so that workers find them.

With --upgrade, the tables of an earlier version of this program become those of this version, and nothing else is done.
Stop the workers first. There is no way back: keep a copy of the SQLite file, or a dump of the PostgreSQL database.

Example: python -m search.init --config demo
"""

from __future__ import annotations

from collections.abc import Sequence

from search.settings import search as all_settings
from search.system.commands import command_parser, exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.init") -> None:
    parser = command_parser(prog, __doc__)
    said = "upgrade the tables of an earlier version, and do nothing else (default: create what is missing)"
    parser.add_argument("--upgrade", action="store_true", help=said)
    all_settings.add_arguments(parser)
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    if options.upgrade:
        with loading():
            from search.study.upgrading import upgrade_tables
        upgrade_tables(settings)
        return
    with loading():
        from search.worker.launch import make_studies
    make_studies(settings)


if __name__ == "__main__":
    exit_with_status(main)
