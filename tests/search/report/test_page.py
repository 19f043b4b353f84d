from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from search.report.comparison import select
from search.report.page import page


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
        "5.0\u00a0% of the uncut network's", "Hypervolume", "Learning curves", "out of memory", "3f2a91c07b6d", "glass",
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
