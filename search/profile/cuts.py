"""The cuts of a backbone, with the cost of each truncated network."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import cast

from rich import box
from rich.console import Console
from rich.table import Table

from blocks.anatomy import Anatomy, anatomy
from blocks.cost import linear_macs, linear_parameters
from search.errors import BadInput


def rows(known: Anatomy, classes: int) -> list[dict[str, object]]:
    """One row per cut, with a head of pooling and a linear layer. Counts are of the whole network with its head.

    Shares are relative to the full backbone with such a head.
    """
    counts = [
        {
            "parameters": cut.parameters + linear_parameters(cut.channels, classes),
            "macs": cut.macs + linear_macs(cut.channels, classes),
        }
        for cut in known.cuts
    ]
    return [
        {**asdict(cut), **count, **{f"{name}_share": number / counts[-1][name] for name, number in count.items()}}
        for cut, count in zip(known.cuts, counts, strict=True)
    ]


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
