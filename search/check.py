"""Check whether a search would run: settings, data, database, weights, and a few steps of each space.

Nothing is written: images are decoded to a temporary folder that is removed, and no study is created.
Example: python -m search.check --config demo
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
