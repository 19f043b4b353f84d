"""The cuts of a backbone, with the cost of each truncated network."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import cast

from rich import box
from rich.console import Console
from rich.table import Table

from blocks.anatomy import Anatomy, Cut, anatomy
from blocks.cost import linear_macs, linear_parameters
from search.errors import BadInput
from search.settings.spaces import BYTES_IN_KB
from search.spaces.counts import counts_of
from search.spaces.elimination import with_linear_head


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
        {
            **asdict(cut),
            **count,
            **{f"{name}_share": number / counts[-1][name] for name, number in count.items()},
            **_memory(known, cut, classes),
        }
        for cut, count in zip(known.cuts, counts, strict=True)
    ]


def _memory(known: Anatomy, cut: Cut, classes: int) -> dict[str, int]:
    counts = counts_of(with_linear_head(known, cut, classes))
    return {name: counts[name] for name in ("flash_bytes", "ram_bytes")}


def table(known: Anatomy, classes: int) -> Table:
    """The rows as a table, with a line under the end of each stage."""
    drawn = Table(
        title=f"{known.backbone}, {known.image_size} px, {classes} classes, head: pooling + linear",
        caption="MACs in millions; share: relative to the full backbone\n"
        "a line ends a stage; RAM: int8 activations, in kB of 1,024 bytes",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    drawn.add_column("cut after", no_wrap=True)
    for heading in ("channels", "reduction", "parameters", "share", "MACs", "share", "RAM"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for row in rows(known, classes):
        drawn.add_row(
            str(row["module"] or "(full)"),
            str(row["channels"]),
            f"{row['reduction']:g}" if row["module"] else "pooled",
            f"{row['parameters']:,}",
            f"{row['parameters_share']:.1%}",
            _millions(cast(int, row["macs"])),
            f"{row['macs_share']:.1%}",
            f"{cast(int, row['ram_bytes']) / BYTES_IN_KB:,.0f}",
            end_section=bool(row["stage_end"]),
        )
    return drawn


def _millions(number: int) -> str:
    millions = number / 1e6
    return f"{millions:,.0f}" if millions >= 1000 else f"{millions:.1f}"


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
