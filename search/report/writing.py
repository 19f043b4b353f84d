"""Reading a search and writing its report, according to the options of `search.report`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from rich.console import Console

from search.errors import BadInput
from search.models.searches import chosen_search
from search.report import markdown_report, records, table
from search.report.comparison import Comparison, Entry, compare, select
from search.report.importance import Importance
from search.report.outputs import FORMATS, NEED_A_FRONT, STDOUT, check_outputs
from search.report.recommendation import Recommendation, recommend_final, recommend_found
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
from search.settings.search import Settings
from search.system.outputs import standard_output, whole_file
from storage.database import Database

if TYPE_CHECKING:
    from search.report.final import Final
    from search.report.final_tables import TestScores


def write_report(resolved: Settings, options: argparse.Namespace) -> None:
    """Read the search, compare its studies, print the table and write the requested files."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if options.final:
        _final(resolved, options)
        return
    with reading(resolved.database) as database:
        name = chosen_search(database, resolved)
        draws = any(getattr(options, form) for form in NEED_A_FRONT)
        search = read_search(database, name, references_suffice=not draws)
        comparison = compare(search, choose_axis(database, search, options.x, options.machine))
        trial_ids = [trial_id for entry in comparison.joint_front for trial_id in entry.row.trial_ids]
        evidence = _evidence(database, search, trial_ids, options.within) if options.html else None
    entries = select(comparison, min_f1=options.min_f1, max_parameters=options.max_parameters, everything=options.all)
    advice = recommend_found(comparison, entries, options.within)
    if STDOUT not in (options.json, options.csv, options.markdown):
        table.show(comparison, entries, Console(highlight=False), advice)
    if options.json:
        _write("--json", options.json, records.as_json(comparison, entries, advice))
    if options.csv:
        _write("--csv", options.csv, records.as_csv(entries))
    if options.markdown:
        _write("--markdown", options.markdown, markdown_report.candidates(comparison, entries, advice))
    if options.png:
        _write("--png", options.png, _plot(comparison))
    if evidence:
        _write("--html", options.html, _page(comparison, entries, evidence, advice))


def report(
    settings: Settings,
    *,
    final: str | None = None,
    png: Path | None = None,
    html: Path | None = None,
    within: float | None = None,
) -> None:
    """Show the front of the search that the settings name or, of its study `final`, the test scores.

    png, html  files for a plot and for a page of the front
    within     the largest difference from the best F1 that the recommendation may have; None: its interval decides
    Raises BadInput as `search.report` does.
    """
    options = argparse.Namespace(
        final=final is not None,
        study=final,
        x="parameters",
        machine=None,
        min_f1=0.0,
        max_parameters=math.inf,
        all=False,
        within=within,
        mistakes=None,
        **dict.fromkeys(FORMATS) | {"png": png and str(png), "html": html and str(html)},
    )
    check_outputs(options)
    write_report(settings.model_copy(update={"name": settings.name}), options)  # the name counts as given


def _final(resolved: Settings, options: argparse.Namespace) -> None:
    from search.report import final_formats  # noqa: PLC0415 - scipy and torch are slow to import, and fronts need neither
    from search.report.stored_final import read_final  # noqa: PLC0415

    with reading(resolved.database) as database:
        final = read_final(database, chosen_search(database, resolved), options.study)
    advice = recommend_final(final, options.within)
    writers: dict[str, Callable[[], str | bytes]] = {
        "json": lambda: final_formats.as_json(final, advice),
        "csv": lambda: final_formats.as_csv(final),
        "markdown": lambda: final_formats.as_markdown(final, advice),
        "latex": lambda: final_formats.as_latex(final),
        "png": lambda: _reliability(final),
    }
    targets = {name: target for name in writers if (target := getattr(options, name))}
    if STDOUT not in targets.values():
        _print(final_formats.as_text(final, advice))
    for name, target in targets.items():
        _write(f"--{name}", target, writers[name]())
    if options.mistakes and advice:
        from search.report.final_mistakes import write_final_mistakes  # noqa: PLC0415

        write_final_mistakes(options.mistakes, final.name, advice.taken.name, resolved)


def _reliability(final: Final) -> bytes:
    from search.report.reliability import png  # noqa: PLC0415 - matplotlib is slow to import

    return png(final)


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


def _plot(comparison: Comparison) -> bytes:
    from search.report.plot import png  # noqa: PLC0415 - matplotlib is slow to import, and few reports need it

    return png(comparison)


Evidence = tuple[Curves, list[Importance], dict[str, "TestScores"]]


def _evidence(database: Database, search: Search, trial_ids: Sequence[int], within: float | None) -> Evidence:
    """The contents of the HTML report besides the comparison."""
    final = {study: _final_tables(database, search, study, within) for study in final_studies(database, search.name)}
    with_results = {study: scores for study, scores in final.items() if scores is not None}
    return read_curves(database, trial_ids), read_importances(database, search), with_results


def _final_tables(database: Database, search: Search, study: str, within: float | None) -> TestScores | None:
    """The tables of a final evaluation, and what to take; None while it has no result."""
    from search.report.final_tables import TestScores, tables  # noqa: PLC0415
    from search.report.stored_final import read_final  # noqa: PLC0415 - scipy and torch are slow to import

    try:
        final = read_final(database, search.name, study)
    except BadInput as error:
        print(f"the HTML report has no final scores: {error}", file=sys.stderr)
        return None
    advice = recommend_final(final, within)
    return TestScores(tables(final), advice.words if advice else [])


def _page(comparison: Comparison, entries: Sequence[Entry], evidence: Evidence, advice: Recommendation | None) -> str:
    from search.report.page import page  # noqa: PLC0415 - plotly is slow to import

    return page(comparison, entries, *evidence, advice)
