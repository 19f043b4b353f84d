from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from search.report.axis import latency
from search.report.comparison import compare, select
from search.report.final_tables import TestScores
from search.report.importance import Importance
from search.report.page import page
from search.report.text_table import Table


class Elements(HTMLParser):
    """All tags with their attributes, and the text outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        last = self.tags[-1][0] if self.tags else ""
        (self.scripts if last == "script" else self.words).append(data)


@pytest.fixture
def elements(two_studies: Any) -> Elements:
    comparison = two_studies.compare()
    entries = select(comparison, min_f1=0, max_parameters=math.inf, everything=True)
    trial_id = comparison.joint_front[-1].row.trial_ids[0]
    return Elements(page(comparison, entries, {trial_id: [(0, 0.4), (1, 0.8)]}))


def test_the_page_asks_the_network_for_nothing(elements: Elements) -> None:
    for tag, attributes in elements.tags:
        assert tag not in ("link", "img", "iframe", "base", "object")
        assert "src" not in attributes
        assert "href" not in attributes
    policy = next(attributes["content"] for tag, attributes in elements.tags if "http-equiv" in attributes)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_foreign_text_is_text(elements: Elements) -> None:
    assert [tag for tag, _ in elements.tags].count("script") == 3
    assert "b" not in {tag for tag, _ in elements.tags}
    assert any("</script><b>&$x$" in words for words in elements.words)


def test_the_figures_are_json(elements: Elements) -> None:
    figures = json.loads(next(script for script in elements.scripts if script.lstrip().startswith("{")))
    assert set(figures) == {"front", "curves"}
    ids = {attributes.get("id") for _, attributes in elements.tags}
    assert set(figures) <= ids


def test_every_section_is_there(elements: Elements) -> None:
    text = " ".join(elements.words)
    for words in (
        "trashnet: F1 against parameters", "validation macro F1", "Best F1: 0.860 ± 0.028 with 200,000 parameters",
        "5.0% of the full backbone's", "Hypervolume", "Learning curves", "out of memory", "3f2a91c07b6d", "glass",
        "can reach 0.550 at most, behind trial 0", "devices: cpu", "seed: 0", "cut: layer2",
    ):  # fmt: skip
        assert words in text


def test_table_cells_sort_by_their_number(elements: Elements) -> None:
    values = [attributes["data-value"] for tag, attributes in elements.tags if tag == "td"]
    assert "200000" in values
    assert re.fullmatch(r"0\.86\d*", next(value for value in values if value and value.startswith("0.86")))


def test_a_depth_profile_is_drawn(records: Any) -> None:
    cut = {"backbone": "resnet18", "module": "layer1.0", "stage": 1, "image_size": 32, "macs": 10**6}
    records.study("elimination", depth_profile=[cut | {"parameters": 1000, "f1_macro": 0.5, "logme": -0.1}])
    records.trial("elimination", 0.5)
    comparison = records.compare()
    elements = Elements(page(comparison, comparison.entries, {}))
    assert "Depth profile" in elements.words
    figures = json.loads(next(script for script in elements.scripts if script.lstrip().startswith("{")))
    assert figures["profile"]["data"][0]["y"] == [0.5]


def test_a_search_with_next_to_nothing_is_a_page(records: Any) -> None:
    records.study("scratch", data={}, settings={}, backbones={})
    records.trial("scratch", 0.5)
    comparison = records.compare()
    text = " ".join(Elements(page(comparison, comparison.entries, {})).words)
    assert "not recorded" in text
    assert "Learning curves" not in text


def text_of(content: str) -> str:
    return " ".join(Elements(content).words)


def test_what_moved_f1_or_why_it_is_not_known(two_studies: Any) -> None:
    comparison = two_studies.compare()
    known = Importance("elimination", 40, {"cut": 0.75, HOSTILE_NAME: 0.25})
    content = page(comparison, comparison.entries, {}, [known, Importance("scratch", 2, why_not="too few")])
    text = text_of(content)
    assert "F1 of 40 trials" in text
    assert "75%" in text
    assert "too few." in text
    assert "<i style='width:75.0%'></i>" in content
    assert "<b>x" not in content


HOSTILE_NAME = "<b>x</b>"


def test_the_best_of_each_study_shows_what_it_confuses(records: Any) -> None:
    records.study("scratch", data={"name": "d", "classes": ["glass", HOSTILE_NAME]})
    records.trial("scratch", 0.5, 1000, confusion=[[9, 9], [9, 9]])
    same = {"candidate_key": "a", "candidate": records.scratch()}
    records.trial("scratch", 0.8, 2000, confusion=[[8, 2], [1, 4]], **same)
    records.trial("scratch", 0.8, 2000, confusion=[[7, 3], [0, 5]], **same)
    comparison = records.compare()
    content = page(comparison, comparison.entries, {})
    assert "Confusion matrices of the best models" in content
    cells = re.findall(r"<td style='background:rgba\(0,114,178,([\d.]+)\)[^>]*>(\d*)</td>", content)
    assert cells == [("0.75", "15"), ("0.25", "5"), ("0.10", "1"), ("0.90", "9")]  # 8 + 7 of 20, 1 + 0 of 10, ...
    assert "sum over 2 training runs" in text_of(content)
    assert "<b>x" not in content


def test_of_many_classes_the_worst_mistakes_are_named(records: Any) -> None:
    size = 41
    confusion = [[5 if true == predicted else 0 for predicted in range(size)] for true in range(size)]
    confusion[3][7] = 4
    records.study("scratch")
    records.trial("scratch", 0.8, confusion=confusion)
    comparison = records.compare()
    text = text_of(page(comparison, comparison.entries, {}))
    assert "3 predicted as 7: 4" in text


def test_what_was_pruned_and_what_it_cost(two_studies: Any) -> None:
    two_studies.trial("scratch", state="PRUNED", stopped_at_epoch=4, reason="behind", device="H100")
    comparison = two_studies.compare()
    text = " ".join(text_of(page(comparison, comparison.entries, {})).split())
    assert "pruned 4 behind 1" in text
    assert "repeated last trained again with a new seed 1" in text
    assert "Total: 0.10 hours on cpu" in text  # 6 trials of a minute
    assert "0.017 hours on H100" in text


def test_all_that_is_on_the_page_is_in_its_cost(two_studies: Any) -> None:
    before = two_studies.compare()
    for study, scored_on in (("baselines", "validation"), ("final", "test")):
        two_studies.study(study, space="listed", scored_on=scored_on)
        two_studies.trial(study, 0.9, seconds=1800, row="a", device="H100")
    two_studies.trial("final", seconds=3600, state="FAIL", device="H100")
    comparison = two_studies.compare()
    text = " ".join(text_of(page(comparison, comparison.entries, {})).split())
    assert "2.00 hours on H100" in text, "half an hour of a reference, one and a half of a final study"
    assert "baselines H100 0.50" in text
    assert "final H100 1.50" in text
    assert comparison.joint_front == before.joint_front


def test_final_test_scores_have_a_section_of_their_own(two_studies: Any) -> None:
    comparison = two_studies.compare()
    assert "Final test scores" not in page(comparison, comparison.entries, {})
    tables = [
        Table("Scores", ("network", "test F1"), (("cut <b>", "0.600 ± 0.141"),), "a note"),
        Table("Layers", ("network", "layers"), (("cut", "4"),), ""),
        Table("Differences", ("network", "difference"), (), ""),
    ]
    scores = {"final": TestScores(tables, ["Take <i>.", "Rule: r."]), "again": TestScores(tables[:1], [])}
    content = page(comparison, comparison.entries, {}, final=scores)
    text = text_of(content)
    for words in (
        "Final test scores",
        "cut <b>",
        "0.600 ± 0.141",
        "a note",
        "No network was evaluated because of test scores",
        "Take <i>.",
        "Rule: r.",
    ):
        assert words in text
    assert "<h3>final</h3><p class='advice'><strong>Take &lt;i&gt;.</strong> Rule: r.</p><details open>" in content
    assert content.index("<summary>Layers") < content.index("<h3>again</h3>"), "each study has its tables"
    assert "<details><summary>Layers" in content


def test_columns_of_final_tables_sort_by_their_numbers(two_studies: Any) -> None:
    comparison = two_studies.compare()
    headings = ("network", "parameters", "share", "difference", "test set CPU s", "significant")
    body = (
        ("1 a", "182,054", "7.5%", "-0.044 to -0.034", "not measured", "no"),
        ("b", "1,834", "100%", "+0.011 to +0.020", "1.2e+03", "—"),
        ("c", "941", "0.1%", "—", "0.4", "better"),
    )
    scores = {"final": TestScores([Table("Differences", headings, body, "")], [])}
    content = page(comparison, comparison.entries, {}, final=scores)
    cells = re.findall(r"data-value='([^']*)'", content[content.index("<summary>Differences") :])
    assert [cells[row * 6 : row * 6 + 6] for row in range(3)] == [
        ["1 a", "182054.0", "7.5", "-0.044", "", "no"],
        ["b", "1834.0", "100.0", "0.011", "1200.0", "—"],
        ["c", "941.0", "0.1", "", "0.4", "better"],
    ]


def test_another_axis_is_in_title_figure_and_table(two_studies: Any) -> None:
    comparison = compare(two_studies.search(), latency("my <b> machine", {1: 4.5, 2: 2.5}))
    content = page(comparison, comparison.entries, {})
    text = text_of(content)
    assert "trashnet: F1 against single-image latency (ms), CPU, 1 thread, on my <b> machine" in text
    assert "Not measured, so not on the Pareto front: 3 of 5" in text
    assert "4.5" in text
    assert "on my &lt;b&gt; machine (log scale)" in Elements(content).scripts[0].replace("\\u003c", "<")
