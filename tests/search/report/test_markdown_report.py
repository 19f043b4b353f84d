from __future__ import annotations

from typing import Any

from search.report.markdown_report import candidates, table
from tests.search.report.conftest import HOSTILE

KNOWN = {"layers": 41, "macs": 51_400_000, "accuracy": 0.763, "train_f1_macro": 0.7634, "confusion": [[9, 0], [0, 9]]}


def lines_of(records: Any) -> list[list[str]]:
    comparison = records.compare()
    text = candidates(comparison, comparison.entries)
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]


def test_a_line_a_row_fewest_parameters_first(records: Any) -> None:
    records.study("elimination")
    records.trial("elimination", 0.9, 3_000_000, summary="resnet18 uncut")
    records.study("controls", space="listed")
    records.trial("controls", 1.0, 309_146, row="b0_random", **KNOWN)
    same = {"row": "a", "candidate": records.cut("layer1"), "candidate_key": "a"}
    records.trial("controls", 0.84, 309_146, accuracy=0.5, **same)
    records.trial("controls", 0.88, 309_146, accuracy=0.7, **same)
    for trial, seconds in zip(records.trials[1:], (953.0, 10.0, 14.0), strict=True):
        trial.attributes["seconds"] = seconds
    headings, rule, *body = lines_of(records)
    assert headings == [
        "study", "network", "parameters", "layers", "MACs", "macro F1", "95% CI", "n", "accuracy", "train F1",
        "minutes",
    ]  # fmt: skip
    assert rule == ["---"] * 2 + ["---:"] * 9
    assert body == [
        ["controls", r"b0\_random", "309,146", "41", "51.4M", "1.000", "1.000-1.000", "1", "0.763", "0.763", "16"],
        ["controls", "a", "309,146", "—", "—", "0.860 ± 0.028", "—", "2", "0.600", "—", "0.2"],
        ["elimination", "0: resnet18 uncut", "3,000,000", "—", "—", "0.900", "—", "1", "—", "—", "—"],
    ]


def test_foreign_text_is_text(two_studies: Any) -> None:
    two_studies.study("a|b", space="listed")
    two_studies.trial("a|b", 0.5, 10, row=HOSTILE)
    _, _, first, *_ = lines_of(two_studies)
    assert first[:2] == [r"a\|b", r"\</script\>\<b\>\&\$x\$  \[31m 網  "]


def test_what_the_numbers_rest_on_stands_below(two_studies: Any) -> None:
    comparison = two_studies.compare()
    text = candidates(comparison, comparison.entries)
    assert text.startswith("# trashnet: candidates and baselines\n")
    assert "- data: trashnet (fingerprint 3f2a91c07b6d)\n" in text
    assert "validation macro F1" in text


def test_formulas_entities_and_strokes_are_text() -> None:
    assert table(["study", "$n$"], [["$x_{1}$ &lt; ~~a~~", "1"]]) == (
        "| study | \\$n\\$ |\n| --- | ---: |\n| \\$x\\_\\{1\\}\\$ \\&lt; \\~\\~a\\~\\~ | 1 |"
    )
