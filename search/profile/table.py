"""A depth profile as a table of at most 80 columns."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from search.profile.profiling import DepthProfile
from search.statistics.cut_ranking import first_choices

WIDTH = 80
MEANING = (
    "F1: validation macro F1 of a linear probe on the pooled features. It ranks cuts; it does not predict their F1 "
    "after fine-tuning. LogME: log evidence per image. parameters and MACs: with a pooling + linear head. priority: "
    "order of preference among cuts on the Pareto front (1 = best). Half of the budget goes to these cuts and the "
    "full backbones, cheapest first."
)


def show(profile: DepthProfile, console: Console, *, recommended_only: bool = False) -> None:
    """Print the cuts from the best to the worst probe; with `recommended_only`, only cuts on the Pareto front."""
    console.print(_title(profile) + ("; Pareto front:" if recommended_only else ":"))
    console.print(_table(profile, recommended_only))
    console.print(MEANING, width=min(console.width, WIDTH), style="dim")


def _title(profile: DepthProfile) -> str:
    backbones = ", ".join(sorted({cut.backbone for cut in profile.cuts}))
    sizes = ", ".join(sorted({str(cut.image_size) for cut in profile.cuts}))
    return f"depth profile of {backbones} at {sizes} px: {len(profile.cuts)} cuts in {profile.seconds:.1f} s"


def _table(profile: DepthProfile, recommended_only: bool) -> Table:
    several = len({cut.backbone for cut in profile.cuts}) > 1
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("cut after", overflow="fold")
    for heading in ("stage", "parameters", "MACs (M)", "F1", "LogME", "priority"):
        table.add_column(heading, justify="right", no_wrap=True)
    order = {cut: str(number) for number, cut in enumerate(first_choices(profile.cuts), start=1)}
    for cut in profile.cuts:
        if cut.recommended or not recommended_only:
            table.add_row(
                Text(f"{cut.backbone} {cut.name}" if several else cut.name),
                str(cut.stage),
                f"{cut.parameters:,}",
                f"{cut.macs / 1e6:,.1f}",
                f"{cut.f1_macro:.3f}",
                f"{cut.logme:.3f}",
                order.get(cut, ""),
                style="bold" if cut.recommended else "",
            )
    return table
