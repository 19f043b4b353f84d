"""The page: its links, its names, its size."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np

from search.models.mistakes.found import Mistakes, wrong_answers
from search.models.mistakes.page import page
from search.models.mistakes.pictures import Picture, picture
from search.models.mistakes.writing import MOST_SHOWN
from search.statistics.confusion import confusion_matrix

HOSTILE = "<script>alert('x')</script>"
BLANK = Picture("data:image/jpeg;base64,AAAA", "data:image/jpeg;base64,BBBB")


class Parsed(HTMLParser):
    """Ids, links to them, and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.alternatives: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append(tag)
        self.ids += [known["id"] or ""] if "id" in known else []
        self.links += [known["href"] or ""] if "href" in known else []
        self.alternatives += [known.get("alt")] if tag == "img" else []
        assert not any(name.startswith("on") for name in known), "no handlers"


def mistakes(classes: list[str], labels: list[int], answers: list[int], files: list[str] | None = None) -> Mistakes:
    """Mistakes with the confidence 1/2, 1/3, 1/4, ..."""
    true, predicted = np.array(labels), np.array(answers)
    probabilities = np.zeros((len(labels), len(classes)), dtype=np.float32)
    probabilities[np.arange(len(labels)), predicted] = 1 / (2 + np.arange(len(labels)))
    return Mistakes(
        title=f"Mistakes of {HOSTILE}",
        facts=(f"About {HOSTILE}.",),
        classes=tuple(classes),
        confusion=confusion_matrix(true, predicted, len(classes)),
        wrong=wrong_answers(
            files or [f"{number}.jpg" for number in range(len(labels))], true, predicted, probabilities
        ),
    )


def test_cells_of_the_matrix_link_to_the_mistakes_of_their_pair() -> None:
    found = mistakes(["cup", "jug", "pot"], labels=[0, 0, 1, 2, 2], answers=[1, 1, 1, 0, 1])
    text = page(found, [BLANK] * 4, "meaning of the maps")
    parsed = Parsed(text)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link.removeprefix("#") for link in parsed.links} == set(parsed.ids)
    assert re.search(r"<a href='#p0-1'>2</a>", text)
    assert "Label <b>cup</b>, answer <b>jug</b>: 2 images." in text
    for pair in ("p0-1", "p2-0", "p2-1"):
        assert f"#{pair}:target ~ ul > :not(.{pair}) {{ display: none; }}" in text
    assert re.findall(r"<li class='(.*?)'>", text) == ["p0-1", "p0-1", "p2-0", "p2-1"], "the most confident first"
    assert re.findall(r"answer <b>\w+</b> (0\.\d+)", text) == ["0.500", "0.333", "0.200", "0.167"]
    assert "4 of 5 images are wrong (80%)" in text


def test_names_are_escaped_and_nothing_is_loaded() -> None:
    found = mistakes([HOSTILE, "b"], [0, 1], [1, 0], [f"{HOSTILE}.jpg", "\x1b[31m\ud800&.jpg"])
    text = page(found, [BLANK] * 2, f"maps {HOSTILE}")
    assert "script" not in Parsed(text).tags
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;.jpg" in text
    assert "\x1b" not in text
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)=['\"](?!data:image/jpeg;base64,|#)", text)
    text.encode("utf-8")


def test_each_picture_has_an_alternative_text() -> None:
    found = mistakes(["cup", "jug"], [0], [1])
    assert Parsed(page(found, [BLANK], "maps")).alternatives == ["label cup, answer jug", "where the network looked"]
    alone = page(found, [Picture(BLANK.plain, None)], "There are no maps.")
    assert Parsed(alone).alternatives == ["label cup, answer jug"]
    assert "There are no maps." in alone
    assert "class='scale'" not in alone
    assert "class='scale'" in page(found, [BLANK], "maps")


def test_no_mistake_is_said() -> None:
    text = page(mistakes(["cup", "jug"], [0, 1], [0, 1]), [], "maps")
    assert "0 of 2 images are wrong (0%)" in text
    assert "No image was answered wrongly." in text
    assert Parsed(text).links == []
    assert "<img" not in text


def test_what_is_not_shown_is_said() -> None:
    found = mistakes(["cup", "jug"], [0, 0, 1], [1, 1, 0])
    text = page(found, [BLANK], "maps")
    assert "The 1 most confident of 3 wrong answers is shown." in text
    assert "Label <b>cup</b>, answer <b>jug</b>: 2 images, of which 1 is shown here." in text
    assert "Label <b>jug</b>, answer <b>cup</b>: 1 image, of which 0 are shown here." in text
    assert text.count("<li ") == 1


def test_many_classes_have_a_list_instead_of_a_matrix() -> None:
    classes = [f"class{number}" for number in range(200)]
    found = mistakes(classes, [*range(150), 0], [*range(1, 151), 1])
    text = page(found, [BLANK] * 151, "maps")
    parsed = Parsed(text)
    assert "The matrix of 200 classes is too large for a page." in text
    assert "class='matrix'" not in text
    assert re.search(r"<td>class0</td><td>class1</td><td><a href='#p0-1'>2</a></td>", text), "the most frequent first"
    assert len([link for link in parsed.links if link.startswith("#p")]) == 100
    assert {link.removeprefix("#") for link in parsed.links} <= set(parsed.ids)


def test_500_mistakes_stay_below_10_mb_at_the_worst() -> None:
    """Noise compresses worst, and long names of characters that HTML escapes are the longest."""
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    worst = picture(image, np.random.default_rng(1).random((64, 64), dtype=np.float32))
    labels = np.arange(MOST_SHOWN) % 25
    answers = (labels + 1 + np.arange(MOST_SHOWN) // 25) % 25
    classes = [f"{number}{'&' * 200}" for number in range(25)]
    found = mistakes(classes, labels.tolist(), answers.tolist(), ['"' * 250] * MOST_SHOWN)
    assert len(found.wrong) == MOST_SHOWN
    assert len(page(found, [worst] * MOST_SHOWN, "maps").encode()) < 10_000_000
