"""`python -m search.report`: what a search found.

--pareto  one table and one front over all studies, by validation F1
--final   what `search.finalize` made of it: test scores with their intervals, parameters, layers, inference times
"""

from __future__ import annotations

import argparse
import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from rich.console import Console

from search import settings
from search.command import exit_with_status
from search.errors import BadInput
from search.outputs import file_problems, standard_output, whole_file
from search.report import markdown, records, table
from search.report.comparison import Comparison, Entry, compare, select
from search.report.importance import Importance
from search.report.rows import Search
from search.report.stored import (
    Curves,
    choose_axis,
    final_studies,
    read_curves,
    read_importances,
    read_search,
    reading,
)
from storage.database import Database

if TYPE_CHECKING:
    from search.report.final_tables import Table

STDOUT = "-"
FORMATS_OF_PARETO = ("json", "csv", "markdown", "png", "html")
NEED_A_FRONT = ("png", "html")
FORMATS_OF_FINAL = ("csv", "markdown", "latex")
FORMATS = tuple(dict.fromkeys(FORMATS_OF_PARETO + FORMATS_OF_FINAL))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the search, compare its studies, show and write what was asked for."""
    options = _parser().parse_args(arguments)
    _check_outputs(options)
    resolved = settings.load(options)
    name = resolved.name if "name" in resolved.model_fields_set else None
    if options.final:
        _final(options, resolved.database, name)
        return
    with reading(resolved.database) as database:
        draws = any(getattr(options, form) for form in NEED_A_FRONT)
        search = read_search(database, name, references_suffice=not draws)
        comparison = compare(search, choose_axis(database, search, options.x, options.machine))
        trial_ids = [trial_id for entry in comparison.joint_front for trial_id in entry.row.trial_ids]
        evidence = _evidence(database, search, trial_ids) if options.html else None
    entries = select(comparison, min_f1=options.min_f1, max_parameters=options.max_parameters, everything=options.all)
    _make_printable()
    if STDOUT not in (options.json, options.csv, options.markdown):
        table.show(comparison, entries, Console(highlight=False))
    if options.json:
        _write("--json", options.json, records.as_json(comparison, entries))
    if options.csv:
        _write("--csv", options.csv, records.as_csv(entries))
    if options.markdown:
        _write("--markdown", options.markdown, markdown.candidates(comparison, entries))
    if options.png:
        _write("--png", options.png, _picture(comparison))
    if evidence:
        _write("--html", options.html, _page(comparison, entries, evidence))


def _final(options: argparse.Namespace, url: str, name: str | None) -> None:
    from search.report import final_formats  # noqa: PLC0415 - scipy and torch are slow to import, and fronts need neither
    from search.report.final import read_final  # noqa: PLC0415

    with reading(url) as database:
        final = read_final(database, name, options.study)
    _make_printable()
    writers = {"csv": final_formats.as_csv, "markdown": final_formats.as_markdown, "latex": final_formats.as_latex}
    targets = {name: target for name in writers if (target := getattr(options, name))}
    if STDOUT not in targets.values():
        _print(final_formats.as_text(final))
    for name, target in targets.items():
        _write(f"--{name}", target, writers[name](final))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m search.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--pareto", action="store_true", help="the front of F1 against parameters over all studies")
    which.add_argument("--final", action="store_true", help="test scores of what was finalized")
    parser.add_argument(
        "--x",
        choices=("parameters", "macs", "latency"),
        default="parameters",
        help="what F1 is shown against, in the front, too; latency: as search.latency measured it",
    )
    parser.add_argument(
        "--machine", metavar="TEXT", help="whose latency, by a part of its name; default: that with the most runs"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the search's settings: its name and database")
    parser.add_argument("--name", help="name of the search; default: that of the settings, else the only one there is")
    parser.add_argument(
        "--database-url",
        "--database",
        metavar="URL",
        help="default: SQLite under runs/NAME (environment: DATABASE_URL)",
    )
    parser.add_argument("--json", metavar="FILE", help="write all of it as JSON; - for standard output, without table")
    parser.add_argument("--csv", metavar="FILE", help="write the rows as CSV; - for standard output, without table")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables as Markdown; - for standard output")
    parser.add_argument("--latex", metavar="FILE", help="with --final: write the tables as LaTeX, or to -")
    parser.add_argument("--study", default="final", help="with --final: name of the finalized study; default: final")
    parser.add_argument("--png", metavar="FILE", help="write a picture of the front")
    parser.add_argument("--html", metavar="FILE", help="write a page that works offline")
    parser.add_argument(
        "--min-f1", type=_share, default=0.0, metavar="F", help="show no candidate of lower F1 (0 to 1)"
    )
    parser.add_argument("--max-parameters", type=_limit, default=math.inf, metavar="N", help="show no larger candidate")
    parser.add_argument("--all", action="store_true", help="show all candidates, not only members of a front")
    parser.set_defaults(set=[])
    return parser


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value


def _limit(text: str) -> int:
    try:
        value = int(text.replace(",", ""))
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of parameters, as in 310000, got {text!r}")
    return value


def _check_outputs(options: argparse.Namespace) -> None:
    """Refuse what could not be written before anything is read."""
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
        f"--{name} is not for --{which}, which writes {', '.join(allowed)}" for name in {*targets} - {*allowed}
    ]
    printed = [f"--{name} -" for name, target in targets.items() if target == STDOUT]
    if len(printed) > 1:
        problems.append(f"{' and '.join(printed)}: only one of them can go to standard output")
    if problems:
        raise BadInput("the report cannot be written", problems)


def _write(option: str, target: str, content: str | bytes) -> None:
    if target == STDOUT:
        _print(str(content))
        return
    with whole_file(Path(target), option, "the report cannot be written") as file:
        file.write(content if isinstance(content, bytes) else content.encode(errors="replace"))
    print(f"wrote {target}", file=sys.stderr)


def _print(text: str) -> None:
    with standard_output():
        sys.stdout.write(text)


def _picture(comparison: Comparison) -> bytes:
    from search.report.picture import png  # noqa: PLC0415 - matplotlib is slow to import, and few reports need it

    return png(comparison)


Evidence = tuple[Curves, list[Importance], dict[str, list["Table"]]]


def _evidence(database: Database, search: Search, trial_ids: Sequence[int]) -> Evidence:
    """What the page shows besides the comparison."""
    final = {study: _final_tables(database, search, study) for study in final_studies(database, search.name)}
    with_results = {study: tables for study, tables in final.items() if tables}
    return read_curves(database, trial_ids), read_importances(database, search), with_results


def _final_tables(database: Database, search: Search, study: str) -> list[Table]:
    """Of a finalized study; none while it has no result."""
    from search.report.final import read_final  # noqa: PLC0415 - scipy and torch are slow to import
    from search.report.final_tables import tables  # noqa: PLC0415

    try:
        return tables(read_final(database, search.name, study))
    except BadInput as error:
        print(f"no final scores on the page: {error}", file=sys.stderr)
        return []


def _page(comparison: Comparison, entries: Sequence[Entry], evidence: Evidence) -> str:
    from search.report.page import page  # noqa: PLC0415 - the same goes for plotly

    return page(comparison, entries, *evidence)


def _make_printable() -> None:
    """Let a terminal or pipe that cannot say ± show a question mark instead of ending the report."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    exit_with_status(main)
