"""The formats of a report, and a check of the output options before anything is read."""

from __future__ import annotations

import argparse
from pathlib import Path

from search.errors import BadInput
from search.models.mistakes.folder import OPTION, folder_problems
from search.system.outputs import file_problems

STDOUT = "-"
FORMATS_OF_PARETO = ("json", "csv", "markdown", "png", "html")
NEED_A_FRONT = ("png", "html")
FORMATS_OF_FINAL = ("json", "csv", "markdown", "latex", "png")
FORMATS = tuple(dict.fromkeys(FORMATS_OF_PARETO + FORMATS_OF_FINAL))


def check_outputs(options: argparse.Namespace) -> None:
    """Raises BadInput, before anything is read, if a report could not be written."""
    targets = {name: value for name in FORMATS if (value := getattr(options, name))}
    allowed = FORMATS_OF_FINAL if options.final else FORMATS_OF_PARETO
    which = "final" if options.final else "pareto"
    problems = [
        problem
        for name, target in targets.items()
        if target != STDOUT
        for problem in file_problems(f"--{name}", Path(target))
    ]
    problems += [
        f"--{name} does not work with --{which}, which writes {', '.join(allowed)}" for name in {*targets} - {*allowed}
    ]
    problems += folder_problems(options.mistakes)
    if options.mistakes and not options.final:
        problems.append(
            f"{OPTION} does not work with --pareto: it shows test images after the final evaluation; python -m "
            f"search.evaluate {OPTION} shows other labelled images"
        )
    printed = [f"--{name} -" for name, target in targets.items() if target == STDOUT]
    if len(printed) > 1:
        problems.append(f"{' and '.join(printed)}: only one of them can go to standard output")
    if problems:
        raise BadInput("the report cannot be written", problems)
