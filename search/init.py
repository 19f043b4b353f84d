"""Create the tables and the studies of a search, so that workers find them.

Example: python -m search.init --config demo
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.settings import search as all_settings
from search.system.commands import exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.init") -> None:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser)
    settings = all_settings.load(parser.parse_args(arguments))
    with loading():
        from search.worker.launch import make_studies
    make_studies(settings)


if __name__ == "__main__":
    exit_with_status(main)
