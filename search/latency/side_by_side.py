"""Comparing the latency of exported models of any format in one run, each in its own runtime."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from search.errors import BadInput
from search.models.formats.registry import FORMATS
from search.models.latency.exports import THREADS, measure_exports
from search.models.latency.runs import this_machine
from search.models.loading import open_export
from search.system.commands import collected
from search.system.hardware import warned_of_other_work
from search.system.text import clean, plain_table

HEADINGS = ("model", "format", "runtime", "px", "threads", "p50 ms", "p90 ms", "relative")


def compare_exports(options: argparse.Namespace) -> None:
    """Run `search.latency --model`: open all exports, measure them in turns and show them side by side.

    Raises BadInput with the problems of all models that cannot be opened; then none is measured.
    """
    problems: list[str] = []
    opened = []
    for model in options.model:
        with collected(problems):
            opened.append((model, *open_export(model)))
    if problems:
        raise BadInput("nothing was measured", problems)
    busy = warned_of_other_work()
    timings = measure_exports([classifier for _, _, classifier in opened], options.seconds)
    measured = [
        {
            "model": model,
            "format": format_name,
            "runtime": FORMATS[format_name].proven_in,
            "image_size": classifier.description.input.image_size,
            "threads": THREADS,
            **timing._asdict(),
            "relative": timing.median_ms / timings[0].median_ms,
        }
        for (model, format_name, classifier), timing in zip(opened, timings, strict=True)
    ]
    machine = this_machine().name
    if options.json:
        print(json.dumps({"machine": machine, "busy": busy, "models": measured}, indent=2))
        return
    print(f"machine: {machine}{'; measured while busy' * busy}")
    print("\n".join(_lines(measured)))


def _lines(measured: Sequence[dict[str, Any]]) -> list[str]:
    body = [
        (
            clean(each["model"]),
            each["format"],
            each["runtime"],
            str(each["image_size"]),
            str(each["threads"]),
            f"{each['median_ms']:.3g}",
            f"{each['p90_ms']:.3g}",
            f"{each['relative']:.2f}",
        )
        for each in measured
    ]
    meaning = "One image at a time, in turns. relative: p50 divided by the first model's."
    return [*plain_table(HEADINGS, body), meaning]
