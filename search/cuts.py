"""`python -m search.cuts BACKBONE`: where a backbone can be cut, and what is kept of it there."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import cast

from rich import box
from rich.console import Console
from rich.table import Table

from blocks.elimination import Anatomy, anatomy
from search import settings as all_settings
from search.command import exit_with_status
from search.errors import BadInput
from search.setting_options import OPTIONS
from search.settings import Settings
from search.spaces.settings import EliminationSpace

IMAGE_SIZE = 224


def rows(known: Anatomy, classes: int) -> list[dict[str, object]]:
    """One row a cut, for a head of pooling + linear: counts are of the whole network, shares are of the uncut one."""
    uncut = known.cuts[-1]
    uncut_parameters = uncut.parameters + _head(uncut.channels, classes)
    uncut_macs = uncut.macs + uncut.channels * classes
    return [
        {
            **asdict(cut),
            "parameters": cut.parameters + _head(cut.channels, classes),
            "macs": cut.macs + cut.channels * classes,
            "parameters_share": (cut.parameters + _head(cut.channels, classes)) / uncut_parameters,
            "macs_share": (cut.macs + cut.channels * classes) / uncut_macs,
        }
        for cut in known.cuts
    ]


def _head(channels: int, classes: int) -> int:
    return channels * classes + classes


def table(known: Anatomy, classes: int) -> Table:
    """The rows for people; a line is drawn under each stage's end."""
    drawn = Table(
        title=f"{known.backbone}, {known.image_size} px, {classes} classes, head: pooling + linear",
        caption="MACs in millions; share: of the uncut network; a line closes a stage",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    drawn.add_column("kept to", no_wrap=True)
    for heading in ("stage", "channels", "reduction", "parameters", "share", "MACs", "share"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for row in rows(known, classes):
        drawn.add_row(
            str(row["module"] or "(uncut)"),
            str(row["stage"]),
            str(row["channels"]),
            f"{row['reduction']:g}" if row["module"] else "pooled",
            f"{row['parameters']:,}",
            f"{row['parameters_share']:.1%}",
            f"{cast(int, row['macs']) / 1e6:,.1f}",
            f"{row['macs_share']:.1%}",
            end_section=bool(row["stage_end"]),
        )
    return drawn


def _image_size(settings: Settings) -> int:
    """The largest at which the search cuts backbones, where its studies are given."""
    spaces = settings.studies.values() if "studies" in settings.model_fields_set else ()
    sizes = [size for space in spaces if isinstance(space, EliminationSpace) for size in space.image_sizes]
    return max(sizes, default=IMAGE_SIZE)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m search.cuts", description=__doc__)
    parser.add_argument("backbone", help="name of a timm model, such as efficientnet_b0")
    parser.add_argument("--classes", type=int, metavar="N", default=6, help="of the head; default: 6")
    size = f"side of the images; default: the largest that the search's studies of backbones use, else {IMAGE_SIZE}"
    parser.add_argument("--image-size", type=int, metavar="PX", help=size)
    parser.add_argument("--json", action="store_true", help="a JSON list in place of the table")
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
    try:
        known = anatomy(options.backbone, image_size)
    except ValueError as error:
        raise BadInput("backbone", [str(error)]) from error
    if options.json:
        print(json.dumps(rows(known, options.classes), indent=2))
    else:
        Console().print(table(known, options.classes))


if __name__ == "__main__":
    exit_with_status(main)
