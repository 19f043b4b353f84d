"""Run an exported model against its golden pictures, or find the preprocessing error of your own program.

Each export has six pictures in golden/, and what the trained network answered to them in golden.json. With --answers,
the answers of your program are compared instead; if they differ, the usual errors are tried on the pictures.

Example: python -m search.verify elimination-3-onnx/
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.system.commands import command_parser, exit_with_status, loading


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.verify") -> int:
    parser = command_parser(prog, __doc__)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="folder of an export")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help='JSON file with the answers of your program, such as {"picture-1.jpg": [0.1, 0.9]}: the probabilities of '
        "all classes, for files in golden/",
    )
    options = parser.parse_args(arguments)
    with loading():
        from search.models.verification import verify
    return verify(options.folder, options.answers)


if __name__ == "__main__":
    exit_with_status(main)
