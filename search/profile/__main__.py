"""Rank the cuts of a search's backbones by linear probes, before any training.

It needs one forward pass over the images per backbone and one linear probe per cut. It writes only the cache of decoded
images. A search begins with such probes, too, and records them as trials.

Example: python -m search.profile --config demo
"""

from __future__ import annotations

from collections.abc import Sequence

from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import command_parser, exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.profile") -> None:
    parser = command_parser(prog, __doc__)
    all_settings.add_arguments(parser, without=OF_TRAINING | {"name", "database_url"})
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.profile.studies import profile_studies
    profile_studies(settings, options)


if __name__ == "__main__":
    exit_with_status(main)
