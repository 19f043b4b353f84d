"""Results of benchmarks in a file: a line of JSON for each, so that a command that is run again goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


def keep(file: Path | None, result: Mapping[str, Any]) -> None:
    """Add a line to `file`, if there is one."""
    if file is not None:
        with file.open("a") as lines:
            lines.write(json.dumps(result) + "\n")


def known_or_measured(
    file: Path | None, kind: Callable[..., Result], wanted: Mapping[str, Any], measure: Callable[[], Iterable[Result]]
) -> list[Result]:
    """The results in `file` with the `wanted` values, if there are any; else those of `measure`, which are added to it.

    kind  the dataclass of a result
    """
    lines = file.read_text().splitlines() if file and file.exists() else []
    known = [line for line in map(json.loads, lines) if all(line[name] == value for name, value in wanted.items())]
    if known:
        return [kind(**line) for line in known]
    results = list(measure())
    for result in results:
        keep(file, asdict(result))  # type: ignore[call-overload]
    return results
