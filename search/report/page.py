"""The report as one HTML file that works offline: it contains plotly, and its own policy forbids all requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from plotly.offline import get_plotlyjs

from search.report import markup, wording
from search.report.comparison import Comparison, Entry
from search.report.figures import Figure, curves_figure, front_figure, profile_figure
from search.report.importance import Importance
from search.report.recommendation import Recommendation
from search.report.records import finite
from search.report.sections import candidates, course, insight
from search.report.stored import Curves
from search.system.text import clean

if TYPE_CHECKING:
    from search.report.final_tables import TestScores

PROFILE_MEANING = (
    "F1 of a linear classifier on the pooled features of each cut, fitted before any training. It ranks cuts; it does "
    "not predict their F1 after fine-tuning. Filled marks are on the Pareto front; the study trains these cuts first."
)
FRONT_MEANING = (
    "Every mark is a candidate. Point at a mark or tap it for details. Bars: 95% CI (bootstrap over the validation "
    "images), for networks on a Pareto front, baselines and full backbones. The standard deviation over seeds is in "
    "the table."
)


def page(
    comparison: Comparison,
    entries: Sequence[Entry],
    curves: Curves,
    importances: Sequence[Importance] = (),
    final: Mapping[str, TestScores] | None = None,
    advice: Recommendation | None = None,
) -> str:
    """The HTML report of a comparison whose overall Pareto front has members. Empty arguments leave out their section.

    Args:
        comparison: everything that is drawn.
        entries: the rows of the table.
        curves: learning curves of the members of the overall Pareto front.
        importances: hyperparameter importance, by study.
        final: test scores of each final evaluation.
        advice: which network to take, by validation F1.
    """
    studies = comparison.search.studies
    figures: dict[str, Figure] = {"front": front_figure(comparison)}
    sections = [
        candidates.heading(comparison),
        *([markup.advice(advice.words)] if advice else []),
        markup.figure("front", FRONT_MEANING),
        markup.section("Candidates", candidates.table(comparison, entries), markup.note(" ".join(wording.LEGEND))),
    ]
    if final:
        sections.append(markup.section("Final test scores", candidates.final(final)))
    sections.append(markup.section("Studies", *course.studies(comparison)))
    if (profile := profile_figure(comparison)) is not None:
        figures["profile"] = profile
        sections.append(markup.section("Depth profile", markup.figure("profile", PROFILE_MEANING)))
    if curves:
        figures["curves"] = curves_figure(comparison, curves)
        note = "One line per trial. Point at a line or tap it to see the trial."
        sections.append(markup.section("Learning curves on the overall Pareto front", markup.figure("curves", note)))
    if importances:
        sections.append(markup.section("Hyperparameter importance", insight.importances(importances)))
    if confusions := insight.confusions(comparison):
        sections.append(markup.section("Confusion matrices of the best models (validation)", confusions))
    sections += [
        markup.section(
            "Configurations on the overall Pareto front",
            *(candidates.in_full(entry) for entry in comparison.joint_front),
        ),
        markup.section("Pruned, skipped and repeated trials", course.pruned(comparison)),
        markup.section("Failures by reason", course.failures(studies)),
        markup.section("Cost", course.cost(comparison.search)),
        markup.section("Data and machines", *_basis(comparison)),
        markup.section("Settings", *_once(markup.folded_yaml("settings", study.settings) for study in studies)),
    ]
    template = Template(files("search.report").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(clean(f"{comparison.search.name}: F1 against {comparison.axis.title}")),
        body="\n".join(sections),
        figures=_script_json(figures),
        plotly=get_plotlyjs(),
    )


def _basis(comparison: Comparison) -> list[str]:
    facts = [f"<p>{escape(fact)}: {escape(value)}</p>" for fact, value in wording.basis(comparison).items()]
    return facts + _once(markup.folded_yaml("data set in full", study.data) for study in comparison.search.studies)


def _once(parts: Iterable[str]) -> list[str]:
    """The parts without repetitions: studies of one search share most settings."""
    return list(dict.fromkeys(parts))


def _script_json(figures: Mapping[str, Any]) -> str:
    """JSON that cannot close the script element around it."""
    return json.dumps(finite(figures), allow_nan=False).replace("<", "\\u003c")
