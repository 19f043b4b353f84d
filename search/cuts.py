"""`python -m search.cuts BACKBONE`: where a backbone can be cut, and what is kept of it there."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from search.command import exit_with_status, loading
from search.errors import BadInput


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.cuts") -> None:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("backbone", help="name of a timm model, such as efficientnet_b0")
    parser.add_argument("--classes", type=int, default=6)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--json", action="store_true", help="a JSON list in place of the table")
    options = parser.parse_args(arguments)
    problems = [
        f"--{name} {value}: expected at least {least}"
        for name, value, least in (("classes", options.classes, 2), ("image-size", options.image_size, 8))
        if value < least
    ]
    if problems:
        raise BadInput("arguments", problems)
    with loading():
        from search.profile.cuts import show_cuts
    show_cuts(options)


if __name__ == "__main__":
    exit_with_status(main)
