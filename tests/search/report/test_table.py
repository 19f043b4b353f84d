from __future__ import annotations

import io
import math
from typing import Any

from rich.console import Console

from search.report import table
from search.report.comparison import select


def printed(records: Any, *, everything: bool = False, terminal: bool = False, min_f1: float = 0) -> str:
    comparison = records.compare()
    entries = select(comparison, min_f1=min_f1, max_parameters=math.inf, everything=everything)
    console = Console(
        file=io.StringIO(), force_terminal=terminal, width=60, color_system="truecolor" if terminal else None
    )
    table.show(comparison, entries, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def cells(text: str, first: str, second: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.split()[:2] == [first, second])
    return line.split()


def test_rows_of_the_fronts(two_studies: Any) -> None:
    text = printed(two_studies)
    assert cells(text, "elimination", "1") == (
        ["elimination", "1", "overall", "0.860", "±", "0.028", "—", "2", "200,000", "41.2M", "108%", "5.0%", "—"]
    )
    assert cells(text, "scratch", "1")[:3] == ["scratch", "1", "study"]
    assert "resnet18 to layer2" in text
    assert "300,000" not in text
    assert "300,000" in printed(two_studies, everything=True)


def test_what_stands_below(two_studies: Any) -> None:
    text = printed(two_studies)
    assert "validation macro F1, not a test score" in text
    assert "full resnet18 (elimination 0): F1 0.800, 4,000,000 parameters" in text
    hypervolume = 0.86 * (7 - math.log10(200_000)) / 4
    assert cells(text, "elimination", f"{hypervolume:.4f}")[3:] == ["1/2", "50%", "4", "1", "0", "0", "1", "0.10"]
    hypervolume = (0.60 * math.log10(400_000 / 50_000) + 0.70 * (7 - math.log10(400_000))) / 4
    assert cells(text, "scratch", f"{hypervolume:.4f}")[3:] == ["1/2", "50%", "2", "0", "1", "1", "0", "0.07"]
    assert "both" in text
    assert "failed, elimination: 1 × out of memory\n" in text
    assert "pruned, scratch: 1 × at epoch 3 of 12\n" in text
    assert "trashnet (fingerprint 3f2a91c07b6d)" in text
    assert "seeds: 0-1" in text
    assert "devices: cpu" in text


def test_a_pipe_gets_everything_in_lines_of_at_most_100_columns(two_studies: Any) -> None:
    long = " ".join(f"block{number}" for number in range(60))
    two_studies.trial("scratch", 0.99, 90_000_000, summary=long, macs=10**12, seconds=100_000)
    text = printed(two_studies, everything=True)
    assert max(map(len, text.splitlines())) <= 100
    assert all(f"block{number}" in text for number in range(60))
    assert "\x1b" not in text


def test_a_line_with_everything_known_fits_100_columns(two_studies: Any) -> None:
    two_studies.study("baselines", space="listed")
    same = {"row": "vgg11", "candidate": two_studies.cut(None), "candidate_key": "v", "macs": 7_890_000_000}
    for f1_macro in (0.95, 1.0):
        two_studies.trial("baselines", f1_macro, 12_345_678, confusion=[[90, 0], [2, 8]], **same)
    text = printed(two_studies)
    assert "-1.000" in text
    assert max(map(len, text.splitlines())) <= 100


def test_text_from_the_database_does_not_reach_the_terminal_as_commands(two_studies: Any) -> None:
    assert "\x1b[31m" not in printed(two_studies, everything=True, terminal=True)
    assert "[31m 網" in printed(two_studies, everything=True)


def test_a_terminal_gets_the_overall_front_in_bold(two_studies: Any) -> None:
    assert "\x1b[1melimination      1  overall" in printed(two_studies, terminal=True)


def test_one_study_has_no_line_for_both(records: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.5, 10_000)
    text = printed(records)
    assert "both" not in text
    assert "—" in text


def test_nothing_within_the_limits(two_studies: Any) -> None:
    assert "no candidate within the limits" in printed(two_studies, min_f1=0.99)


def test_studies_on_different_data_are_warned_about(two_studies: Any) -> None:
    two_studies.study("third", data={"name": "taco", "fingerprint": "0"})
    text = printed(two_studies)
    assert "cannot be compared" in text
    assert "taco (fingerprint 0); trashnet (fingerprint 3f2a91c07b6d)" in text
