"""The report's figures as SVG, drawn here: the browser needs no library for them, and no script.

A figure is the one that plotly would draw (see `search.report.figures`). Colours of ink and paper become those of the
page, so that it is readable in the dark as well.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from search.report.style import FRONT_LINE, INK, REFERENCE, UNCUT
from search.system.text import short

Figure = Mapping[str, Any]
Point = tuple[float, float]
PAPER = "#ffffff"
OF_PAGE = {INK: "var(--ink)", UNCUT: "var(--ink)", FRONT_LINE: "var(--quiet)", REFERENCE: "var(--quiet)",
           PAPER: "var(--paper)"}  # fmt: skip
HEIGHT, LEAST_WIDTH, MOST_WIDTH = 420, 280, 1400
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 46
MOST_TICKS = 6
TOLD_LINES = 6
SHAPES: Mapping[str, Sequence[Point]] = {  # corners, in radii
    "triangle-up": ((0, -1), (0.95, 0.75), (-0.95, 0.75)),
    "triangle-down": ((0, 1), (0.95, -0.75), (-0.95, -0.75)),
    "square": ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    "diamond": ((0, -1.1), (1.1, 0), (0, 1.1), (-1.1, 0)),
    "cross": tuple((x, y) for x, y in ((-0.35, -1), (0.35, -1), (0.35, -0.35), (1, -0.35), (1, 0.35), (0.35, 0.35),
                                        (0.35, 1), (-0.35, 1), (-0.35, 0.35), (-1, 0.35), (-1, -0.35), (-0.35, -0.35))),
    "star": tuple((r * math.sin(k * math.pi / 5), -r * math.cos(k * math.pi / 5)) for k in range(10)
                  for r in (1.0 if k % 2 == 0 else 0.45,)),
}  # fmt: skip


class Scale:
    """From values to pixels, on a linear or a log axis."""

    def __init__(self, low: float, high: float, start: float, end: float, *, log: bool) -> None:
        self._log, self.low, self.high, self._start, self._end = log, low, high, start, end

    def __call__(self, value: float) -> float:
        at = math.log10(value) if self._log else value
        return self._start + (self._end - self._start) * (at - self.low) / ((self.high - self.low) or 1.0)

    def holds(self, value: float) -> bool:
        return self.low <= (math.log10(value) if self._log else value) <= self.high


def svg(figure: Figure, width: int, said: str) -> Markup:
    """The figure, `width` pixels wide; `said` is its text for those who cannot see it. Marks with `customdata` link."""
    traces, x_axis, y_axis = figure["data"], figure["layout"]["xaxis"], figure["layout"]["yaxis"]
    log = x_axis.get("type") == "log"
    xs = [float(x) for trace in traces for x in trace["x"]]
    ys = [float(y) for trace in traces for y in trace["y"] if math.isfinite(y)]
    low, high = x_axis.get("range") or (min(xs, default=0), max(xs, default=1))
    x = Scale(low, high, LEFT, width - RIGHT, log=log)
    bottom, top = max(0.0, min(ys, default=0) - 0.03), min(1.02, max(ys, default=1) + 0.03)
    y = Scale(bottom, top, HEIGHT - BOTTOM, TOP, log=False)
    parts = [*_axes(x, y, x_axis, y_axis, width), *(part for trace in traces for part in _trace(trace, x, y))]
    opened = Markup('<svg viewBox="0 0 {} {}" width="{}" height="{}" role="group" aria-label="{}">').format(
        width, HEIGHT, width, HEIGHT, said
    )
    return opened + Markup("".join(parts)) + Markup("</svg>")  # noqa: S704  foreign text is escaped where it enters


def legend(figure: Figure) -> list[tuple[str, Markup]]:
    """Name and mark of each trace of marks."""
    opened = '<svg viewBox="-9 -9 18 18" width="16" height="16" aria-hidden="true">'
    marked = [trace for trace in figure["data"] if "markers" in trace["mode"]]
    marks = [f"{opened}{_mark(0, 0, trace['marker'])}</svg>" for trace in marked]
    return [
        (html.unescape(trace["name"]), Markup(mark))  # noqa: S704  a mark holds numbers and escaped colours
        for trace, mark in zip(marked, marks, strict=True)
    ]


def _axes(x: Scale, y: Scale, x_axis: Figure, y_axis: Figure, width: int) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, width - RIGHT
    ticks = list(zip(x_axis.get("tickvals", ()), x_axis.get("ticktext", ()), strict=True)) or [
        (value, short(value)) for value in _round(x.low, x.high)
    ]
    inside = [(value, text) for value, text in ticks if x.holds(value)]
    every = max(1, math.ceil(len(inside) * 46 / max(1, right - LEFT)))
    for value, text in inside[::every]:
        yield f'<line class="grid" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP}" y2="{bottom}"/>'
        yield f'<text x="{x(value):.1f}" y="{bottom + 17}" text-anchor="middle">{escape(text)}</text>'
    for value in _round(y.low, y.high):
        yield f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        yield f'<text x="{LEFT - 7}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>'
    title = escape(html.unescape(x_axis["title"]["text"]))
    yield f'<text x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{title}</text>'
    up, name = (TOP + bottom) / 2, escape(y_axis["title"]["text"])
    yield f'<text transform="translate(13 {up:.0f}) rotate(-90)" text-anchor="middle">{name}</text>'


def _round(low: float, high: float) -> list[float]:
    """At most six round numbers from `low` to `high`."""
    rough = max(high - low, 1e-9) / (MOST_TICKS - 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _trace(trace: Figure, x: Scale, y: Scale) -> Iterator[str]:
    places = [(x(float(a)), y(float(b))) for a, b in zip(trace["x"], trace["y"], strict=True) if math.isfinite(b)]
    if "lines" in trace["mode"]:
        yield _line(trace, places)
    if "markers" in trace["mode"]:
        yield from _bars(trace, x, y)
        yield from _marks(trace, places)


def _line(trace: Figure, places: Sequence[Point]) -> str:
    parts = [f"{'M' if number == 0 else 'L'}{a:.1f} {b:.1f}" for number, (a, b) in enumerate(places)]
    if trace["line"].get("shape") == "hv":
        parts = parts[:1] + [f"H{a:.1f}V{b:.1f}" for a, b in places[1:]]
    colour, told = _colour(trace["line"]["color"]), escape(html.unescape(trace["name"]))
    stroke = f'stroke="{colour}" stroke-width="{trace["line"].get("width", 1.5)}"'
    return f'<path d="{"".join(parts)}" fill="none" {stroke}><title>{told}</title></path>'


def _bars(trace: Figure, x: Scale, y: Scale) -> Iterator[str]:
    error = trace.get("error_y")
    if not error:
        return
    colour = _colour(trace["marker"].get("line", {}).get("color") or trace["marker"]["color"])
    for a, b, above, below in zip(trace["x"], trace["y"], error["array"], error["arrayminus"], strict=True):
        ends = f'y1="{y(b + above):.1f}" y2="{y(b - below):.1f}"'
        yield f'<line x1="{x(a):.1f}" x2="{x(a):.1f}" {ends} stroke="{colour}" opacity=".6"/>'


def _marks(trace: Figure, places: Sequence[Point]) -> Iterator[str]:
    texts, names = trace.get("text", ()), trace.get("customdata", ())
    strong = "opacity" not in trace["marker"]  # members of a front are reached by the keyboard, others by the pointer
    for number, (a, b) in enumerate(places):
        mark = _mark(a, b, trace["marker"])
        if number < len(texts):
            lines = html.unescape(texts[number]).split("<br>")
            mark += f"<title>{escape(chr(10).join(lines[:TOLD_LINES]))}</title>" if strong else (
                f"<title>{escape(lines[0])}</title>"
            )  # fmt: skip
        if number < len(names):
            reach = "" if strong else ' tabindex="-1"'
            mark = f'<a href="/network/{escape(names[number])}"{reach}>{mark}</a>'
        yield f"<g>{mark}</g>" if number >= len(names) else mark


def _mark(a: float, b: float, marker: Figure) -> str:
    symbol, radius = marker["symbol"], marker.get("size", 8) / 2
    colour, edge = _colour(marker["color"]), _colour(marker.get("line", {}).get("color") or marker["color"])
    paint = f'fill="{colour}"' + (f' stroke="{edge}" stroke-width="1.4"' if symbol == "star" else "")
    if symbol.endswith("-open"):
        paint = f'fill="{OF_PAGE[PAPER]}" stroke="{colour}" stroke-width="2"'
    paint += f' opacity="{marker["opacity"]}"' if "opacity" in marker else ""
    if symbol == "x-thin":
        d = f"M{a - radius:.1f} {b - radius:.1f}l{2 * radius} {2 * radius}m0 {-2 * radius}l{-2 * radius} {2 * radius}"
        return f'<path d="{d}" stroke="{colour}" stroke-width="2"/>'
    corners = SHAPES.get(symbol.removesuffix("-open"))
    if corners is None:
        return f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius:g}" {paint}/>'
    points = " ".join(f"{a + radius * dx:.1f},{b + radius * dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {paint}/>'


def _colour(colour: str) -> str:
    return OF_PAGE.get(colour.lower(), str(escape(colour)))
