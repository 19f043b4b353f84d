"""`python -m search.check`: would this search run? Settings, data, database, weights, and one step of each space.

Writes nothing: images are decoded to a temporary folder that is removed, and no study is made.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.settings import search as all_settings
from search.system.commands import exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.check") -> None:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser)
    settings = all_settings.load(parser.parse_args(arguments))
    with loading():
        from search.trial.dry_run import try_search
    try_search(settings)


if __name__ == "__main__":
    exit_with_status(main)
