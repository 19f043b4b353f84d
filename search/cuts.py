"""List the points where a backbone can be cut, with the cost of each truncated network.

Example: python -m search.cuts efficientnet_b0 --classes 10
"""

from __future__ import annotations

from collections.abc import Sequence

from search.errors import BadInput
from search.settings import search as all_settings
from search.settings.options import OPTIONS
from search.settings.search import Settings
from search.settings.spaces import EliminationSpace
from search.system.commands import command_parser, exit_with_status, loading

IMAGE_SIZE = 224


def main(arguments: Sequence[str] | None = None, prog: str = "python -m search.cuts") -> None:
    parser = command_parser(prog, __doc__)
    parser.add_argument("backbone", help="name of a timm model, such as efficientnet_b0")
    parser.add_argument("--classes", type=int, metavar="N", default=6, help="number of classes of the head; default: 6")
    size = f"side of the images in pixels; default: the largest in the studies of --config, otherwise {IMAGE_SIZE}"
    parser.add_argument("--image-size", type=int, metavar="PX", help=size)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    all_settings.add_arguments(parser, without=OPTIONS.keys() - {"config"})
    options = parser.parse_args(arguments)
    settings = all_settings.load(options)
    image_size = _image_size(settings) if options.image_size is None else options.image_size
    problems = [
        f"--{name} {value}: expected a whole number from {least} to {most:,}"
        for name, value, least, most in (
            ("classes", options.classes, 2, 1_000_000),
            ("image-size", image_size, 8, 1024),
        )
        if not least <= value <= most
    ]
    if problems:
        raise BadInput("arguments", problems)
    with loading():
        from search.profile.cuts import show_cuts
    show_cuts(options.backbone, image_size, options.classes, as_json=options.json)


def _image_size(settings: Settings) -> int:
    """The largest image size at which the configured studies cut backbones."""
    spaces = settings.studies.values() if "studies" in settings.model_fields_set else ()
    sizes = [size for space in spaces if isinstance(space, EliminationSpace) for size in space.image_sizes]
    return max(sizes, default=IMAGE_SIZE)


if __name__ == "__main__":
    exit_with_status(main)
