"""The mistakes as one HTML file that works offline. A click on a cell of the confusion matrix shows its mistakes alone.

That needs no script: the cell links to a heading of the pair, and a style rule of that heading hides all other images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

import numpy as np

from search.models.mistakes.folder import LIST
from search.models.mistakes.found import Mistake, Mistakes
from search.models.mistakes.pictures import Picture, scale_colours
from search.system.offline_page import offline_page, quiet, section
from search.system.text import clean, percent, whole

MOST_COLUMNS = 25
MOST_PAIRS = 100
LONGEST_FILE, LONGEST_CLASS = 100, 60
ALL = "all"

Pair = tuple[int, int]
SCALE = "<p class='quiet'>average or less <span class='scale'></span> most</p>"


def page(found: Mistakes, pictures: Sequence[Picture], maps_said: str) -> str:
    """The page, with `pictures` of the first mistakes. All text that comes from the data is escaped.

    maps_said  what the maps mean, or why there are none
    """
    is_small = len(found.classes) <= MOST_COLUMNS
    all_pairs = Counter((each.given, each.answer) for each in found.wrong)
    pairs = dict(all_pairs.most_common(None if is_small else MOST_PAIRS))
    images, wrong = int(found.confusion.sum()), len(found.wrong)
    body = [
        f"<h1>{escape(clean(found.title))}</h1>",
        f"<p>{whole(wrong)} of {_images(images)} {_are(wrong)} wrong ({percent(wrong / max(images, 1))}).</p>",
        *(f"<p>{escape(clean(fact))}</p>" for fact in found.facts),
        section("Confusion matrix", _matrix(found) if is_small else _table(found, pairs)),
        section("Wrong answers", *_answers(found, pictures, pairs, maps_said), anchor=ALL),
    ]
    return offline_page(clean(found.title), "\n".join(body), _style(pairs))


def _style(pairs: Iterable[Pair]) -> str:
    """The page's style, and a rule for each pair: if its heading is the target of a link, other images are hidden."""
    template = Template(files("search.models.mistakes").joinpath("page.css").read_text(encoding="utf-8"))
    hiding = "".join(f"  #{name}:target ~ ul > :not(.{name}) {{ display: none; }}\n" for name in map(_anchor, pairs))
    return template.substitute(colours=scale_colours()) + hiding


def _matrix(found: Mistakes) -> str:
    names = [escape(_class(found, index)) for index in range(len(found.classes))]
    head = "".join(f"<th scope='col'><span>{name}</span></th>" for name in names)
    shares = found.confusion / np.maximum(found.confusion.sum(axis=1, keepdims=True), 1)
    wrong = shares - np.diag(shares.diagonal())
    strength = np.diag(shares.diagonal()) + wrong / max(float(wrong.max()), 1e-9)
    rows = "".join(
        f"<tr><th scope='row'>{names[given]}</th>"
        + "".join(_cell((given, answer), int(count), strength[given, answer]) for answer, count in enumerate(counts))
        + "</tr>"
        for given, counts in enumerate(found.confusion)
    )
    return (
        f"{quiet('Rows: label. Columns: answer. A number that is a link shows these mistakes alone.')}"
        "<div class='wide' role='region' aria-label='confusion matrix' tabindex='0'><table class='matrix'>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(pair: Pair, count: int, strength: float) -> str:
    if not count:
        return "<td><span class='none'>·</span></td>"
    right = pair[0] == pair[1]
    inside = f"<span>{count:,}</span>" if right else f"<a href='#{_anchor(pair)}'>{count:,}</a>"
    return f"<td{' class=right' if right else ''} style='--strength:{strength:.3f}'>{inside}</td>"


def _table(found: Mistakes, pairs: Mapping[Pair, int]) -> str:
    """The most frequent mistakes, if there are too many classes for a matrix."""
    rows = "".join(
        f"<tr><td>{escape(_class(found, pair[0]))}</td><td>{escape(_class(found, pair[1]))}</td>"
        f"<td><a href='#{_anchor(pair)}'>{count:,}</a></td></tr>"
        for pair, count in pairs.items()
    )
    said = f"The matrix of {len(found.classes)} classes is too large for a page. These are the most frequent mistakes."
    head = "<th scope='col'>label</th><th scope='col'>answer</th><th scope='col'>images</th>"
    return f"{quiet(said)}<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _answers(found: Mistakes, pictures: Sequence[Picture], pairs: Mapping[Pair, int], maps_said: str) -> Iterator[str]:
    if not found.wrong:
        yield "<p>No image was answered wrongly.</p>"
        return
    with_maps = any(each.looked for each in pictures)
    yield f"<p class='quiet'>The most confident answers come first. {LIST} lists all of them.</p>"
    yield quiet(clean(maps_said)) + (SCALE if with_maps else "")
    if (few := len(pictures)) < len(found.wrong):
        yield f"<p>The {few:,} most confident of {len(found.wrong):,} wrong answers {_are(few)} shown.</p>"
    shown = list(zip(found.wrong, pictures, strict=False))
    drawn = Counter((each.given, each.answer) for each, _ in shown)
    for pair, count in pairs.items():
        yield _heading(found, pair, count, drawn[pair])
    items = "".join(_item(found, each, picture) for each, picture in shown)
    yield f"<ul class='pictures{'' if with_maps else ' plain'}'>{items}</ul>"


def _heading(found: Mistakes, pair: Pair, count: int, drawn: int) -> str:
    """Of the mistakes of a pair; it is seen only after a click on its cell."""
    given, answer = (f"<b>{escape(_class(found, index))}</b>" for index in pair)
    rest = "" if drawn == count else f", of which {drawn:,} {_are(drawn)} shown here"
    return (
        f"<p class='pick' id='{_anchor(pair)}'>Label {given}, answer {answer}: {_images(count)}{rest}. "
        f"<a href='#{ALL}'>Show all wrong answers</a></p>"
    )


def _item(found: Mistakes, each: Mistake, picture: Picture) -> str:
    given, answer = (escape(_class(found, index)) for index in (each.given, each.answer))
    images = f"<img loading='lazy' src='{picture.plain}' alt='label {given}, answer {answer}'>"
    if picture.looked:
        images += f"<img loading='lazy' src='{picture.looked}' alt='where the network looked'>"
    return (
        f"<li class='{_anchor((each.given, each.answer))}'><div class='pair'>{images}</div><div class='said'>"
        f"<span>answer <b>{answer}</b> {each.probability:.3f}</span>"
        f"<span>label {given} {each.given_probability:.3f}</span></div>"
        f"<span class='file'>{escape(_clipped(each.file, LONGEST_FILE))}</span></li>"
    )


def _anchor(pair: Pair) -> str:
    return f"p{pair[0]}-{pair[1]}"


def _class(found: Mistakes, index: int) -> str:
    return _clipped(found.classes[index], LONGEST_CLASS)


def _clipped(text: str, most: int) -> str:
    """Foreign text on one line, without its middle if it is longer than `most` characters."""
    text = clean(text)
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


def _images(count: int) -> str:
    return f"{count:,} image{'s' * (count != 1)}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
