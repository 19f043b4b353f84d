"""The cuts of a backbone, with the cost of each truncated network."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import cast

from rich import box
from rich.console import Console
from rich.table import Table

from blocks.elimination import Anatomy, anatomy
from search.errors import BadInput


def rows(known: Anatomy, classes: int) -> list[dict[str, object]]:
    """One row per cut, with a pooling + linear head: counts of the whole network, and shares of the full backbone's."""
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
    """The rows as a table, with a line under the end of each stage."""
    drawn = Table(
        title=f"{known.backbone}, {known.image_size} px, {classes} classes, head: pooling + linear",
        caption="MACs in millions; share: relative to the full backbone; a line ends a stage",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    drawn.add_column("cut after", no_wrap=True)
    for heading in ("stage", "channels", "reduction", "parameters", "share", "MACs", "share"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for row in rows(known, classes):
        drawn.add_row(
            str(row["module"] or "(full)"),
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


def show_cuts(backbone: str, image_size: int, classes: int, *, as_json: bool) -> None:
    """Print the cuts as a table or as JSON. Raises BadInput if the backbone cannot be cut."""
    try:
        known = anatomy(backbone, image_size)
    except ValueError as error:
        raise BadInput("backbone", [str(error)]) from error
    if as_json:
        print(json.dumps(rows(known, classes), indent=2))
    else:
        Console().print(table(known, classes))
