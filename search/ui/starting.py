"""Start: what a command would do, and the options with which it is started."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Collection, Mapping

from search.errors import BadInput
from search.settings.options import BUDGETS, OF_TRAINING, OPTIONS, option
from search.settings.search import Settings
from search.settings.spaces import ListedSpace
from search.system.deadline import Deadline
from search.worker.plan import plan_in_words

WITHOUT: Mapping[str, Collection[str]] = {
    "run": (),
    "check": (),
    "inspect": OF_TRAINING | {"database_url"},
    "export": OF_TRAINING,
    "finalize": BUDGETS,
}
"""The commands that the page starts, and the options of settings that each of them lacks."""
LEAST_MINUTES, MOST_MINUTES = 0.5, 10_080.0
LIMITS = {"max_parameters": "parameters", "max_macs": "MACs per image", "max_latency_ms": "ms per image, here"}
NOT_STARTED = "nothing was started"


def passed(options: argparse.Namespace, without: Collection[str] = ()) -> list[str]:
    """The options of settings that the page was started with, for another command. An address of a database, which may
    hold a password, goes into the environment: see `environment`."""
    given = [
        part
        for name in OPTIONS
        if name not in {"database_url", *without} and (value := getattr(options, name, None)) is not None
        for part in (option(name), str(value))
    ]
    return given + [part for item in options.set for part in ("--set", item)]


def environment(options: argparse.Namespace) -> dict[str, str]:
    """Variables of the commands that are started."""
    return {} if options.database_url is None else {"DATABASE_URL": options.database_url}


def plan(settings: Settings, minutes: str) -> str:
    """What a run would do in this time, in words. Raises BadInput."""
    deadline = Deadline.of_minutes(minutes_in(minutes), time.monotonic(), 1)
    return plan_in_words(deadline, settings)


def minutes_in(text: str) -> float:
    """Raises BadInput for anything but a number of minutes."""
    value = _number(text)
    if not LEAST_MINUTES <= value <= MOST_MINUTES:
        expected = f"expected a number from {LEAST_MINUTES:g} to {MOST_MINUTES:,.0f}"
        raise BadInput(NOT_STARTED, [f"minutes: {expected}, got {text[:40]!r}"])
    return value


def run_options(settings: Settings, fields: Mapping[str, str]) -> list[str]:
    """The options of a run for what a person chose in the form. Raises BadInput with all problems."""
    problems: list[str] = []
    options: list[str] = []
    try:
        options += ["--minutes", f"{minutes_in(fields.get('minutes', '')):g}"]
    except BadInput as error:
        problems += error.problems
    limit, most = fields.get("limit", ""), fields.get("most", "").strip()
    if limit and limit not in LIMITS:
        problems.append(f"unknown limit; expected {', '.join(LIMITS)}")
    elif limit and not (math.isfinite(_number(most)) and _number(most) > 0):
        problems.append(f"limit: expected a number above 0, got {most[:40]!r}")
    elif limit == "max_latency_ms":
        options += ["--max-latency-ms", f"{_number(most):g}"]
    elif limit:
        searched = [name for name, space in settings.studies.items() if not isinstance(space, ListedSpace)]
        options += [part for name in searched for part in ("--set", f"studies.{name}.{limit}={_number(most):.0f}")]
    if problems:
        raise BadInput(NOT_STARTED, problems)
    return options


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "")) if len(text) < 40 else math.nan
    except ValueError:
        return math.nan
