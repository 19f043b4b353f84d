"""Start: what a person chose in the form, as the options of a command. The settings themselves refuse what is wrong."""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection, Mapping

from search.errors import BadInput
from search.settings.options import BUDGETS, OF_TRAINING, OPTIONS, option
from search.settings.search import Settings, load
from search.settings.spaces import ListedSpace
from search.system.deadline import Deadline
from search.ui.advanced import advanced
from search.worker.plan import plan_in_words

WITHOUT: Mapping[str, Collection[str]] = {
    "run": (),
    "check": (),
    "inspect": OF_TRAINING | {"database_url"},
    "export": OF_TRAINING,
    "finalize": BUDGETS,
}
"""The commands that the page starts, and the options of settings that each of them lacks."""
LIMITS = {
    "max_parameters": "parameters",
    "max_macs": "MACs per image",
    "max_ram_kb": "kB of RAM",
    "max_flash_kb": "kB of flash",
    "max_latency_ms": "ms per image, here",
}
"""Settings of a study, and their units."""


def limits(settings: Settings) -> list[tuple[str, str, str]]:
    """The name and the unit of each limit, and its present value in words."""
    spaces = [space for space in settings.studies.values() if not isinstance(space, ListedSpace)]
    present = {name: {getattr(space, name) for space in spaces} - {None} for name in LIMITS}
    return [(name, unit, " or ".join(map(str, sorted(present[name]))) or "no limit") for name, unit in LIMITS.items()]


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


def chosen(
    options: argparse.Namespace, settings: Settings, fields: Mapping[str, str]
) -> tuple[argparse.Namespace, Settings]:
    """The page's own options with those of the form, and the settings that they give. Raises BadInput.

    fields  minutes, limits of all studies, and advanced settings by their keys; an empty one changes nothing
    """
    known = {field.key for group in advanced(settings, LIMITS).values() for field in group}
    searched = [name for name, space in settings.studies.items() if not isinstance(space, ListedSpace)]
    given, problems = list[str](), list[str]()
    for name, text in fields.items():
        keys = [f"studies.{study}.{name}" for study in searched] if name in LIMITS else [name]
        if name == "minutes" or not text.strip():
            continue
        if name not in LIMITS and name not in known:
            problems.append(f"{name[:80]}: this page does not offer it; give it to the command")
        given += [f"{key}={text.strip()}" for key in keys]
    if problems:
        raise BadInput("nothing was started", problems)
    own = {"minutes": fields.get("minutes", ""), "set": [*options.set, *given]}
    options = argparse.Namespace(**vars(options) | own)
    return options, load(options)


def plan(settings: Settings) -> str:
    """What a run with these settings would do in its time, in words."""
    return plan_in_words(Deadline.of_minutes(settings.minutes or 0, time.monotonic(), 1), settings)
