"""Show the search as a page in the browser: watch it, question it, try its networks, start it, and take a model.

The page is served on this machine alone. Closing it stops nothing. Several people may look at it.

Example: python -m search.ui --data-dir my-images
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from search.settings import search as all_settings
from search.settings.options import OF_TRAINING, add_arguments
from search.system.commands import command_parser, exit_with_status, loading, need_extra

PORT = 8090
NEEDED = ("jinja2", "starlette", "uvicorn")
WITHOUT = OF_TRAINING | {"device"}


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.ui") -> None:
    options = _parser(prog).parse_args(arguments)
    settings = all_settings.load(options)
    need_extra("ui", NEEDED, "the page cannot be shown")
    with loading():
        from search.ui.server import serve
    serve(settings, options)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = command_parser(prog, __doc__)
    add_arguments(parser, without=WITHOUT)
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address or name to serve on; others than this machine's own need the token that is printed then "
        "(default: 127.0.0.1)",
    )
    parser.add_argument("--port", type=_port, default=PORT, help=f"port; 0: any free one (default: {PORT})")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with the token that every browser must show (default: a new token at each start, for --host)",
    )
    parser.add_argument(
        "--read-only", action="store_true", help="show and try only: nothing can be started, changed or taken"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")
    return parser


def _port(text: str) -> int:
    """argparse's `type` of a port."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 65535, got {text!r}")
    return int(text)


if __name__ == "__main__":
    exit_with_status(main)
