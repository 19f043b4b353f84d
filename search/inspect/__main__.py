"""Look at the images before any training: probable label errors, outliers, near copies, and the counts.

It needs one forward pass over the images. It writes a page, `inspect.html`, and `corrections.csv`, a list of proposed
corrections. Edit the list and hand it back with `--set data.corrections=FILE`. Nothing in the data folder is changed.

Example: python -m search.inspect --data-dir my-images
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.settings import search as all_settings
from search.settings.options import OF_TRAINING
from search.system.commands import command_parser, exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.inspect") -> None:
    parser = command_parser(prog, __doc__)
    all_settings.add_arguments(parser, without=OF_TRAINING | {"database_url"})
    parser.add_argument("--test", action="store_true", help="also look at the test images (default: they stay unseen)")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="folder of the page and of corrections.csv (default: runs/NAME)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    with loading():
        from search.inspect.inspection import inspect_data
    inspect_data(settings, options)


if __name__ == "__main__":
    exit_with_status(main)
