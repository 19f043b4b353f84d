"""`python -m search.profile`: which cuts of a search's backbones are worth training, before anything is trained.

One forward pass over the images for each backbone, and a linear probe for each cut. Writes nothing but the cache of
decoded images; a run does the same when it makes a study, and tries the best cuts first.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.profile") -> None:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    all_settings.add_arguments(parser, without=OF_TRAINING | {"name", "database_url"})
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the tables")
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.profile.studies import profile_studies
    profile_studies(settings, options)


if __name__ == "__main__":
    exit_with_status(main)
