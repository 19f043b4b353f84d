"""A final evaluation: each network's test scores over its seeds, and its differences from other networks."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from optuna.trial import TrialState

from search.errors import BadInput
from search.models.answers import unpack
from search.models.final_scores import ANSWERS, CALIBRATION, READ_AT, TEST_UNKNOWN
from search.models.latency.runs import LatencyRun, comparable
from search.report.fits import Fit, train_fit, validation_fit
from search.report.pruned_trials import device_of
from search.report.rows import Search
from search.settings.candidate import Candidate
from search.settings.spaces import ListedRow, ListedSpace, Other
from search.statistics.confusion import Floats
from search.statistics.intervals import Interval, drawn_f1, over_images, over_seeds
from search.statistics.separation import Separation
from storage.trials import TrialRecord


@dataclass(frozen=True)
class Difference:
    """Macro F1 of a network minus the macro F1 of the network `other`, on the same images and with the same seeds.

    over_seeds   t interval of the paired differences of single training runs
    over_images  bootstrap interval, over images, of the difference between the means over seeds
    """

    other: str
    over_seeds: Interval
    over_images: Interval


@dataclass(frozen=True)
class FinalRow:
    """A network of the study, over its seeds. `f1_images` is the bootstrap interval, over images, of the mean F1.

    `calibration` has a line for each run that has a temperature, see `search.models.final_scores.CALIBRATION`, and
    `unknown` one for each run that was scored on unknown test images.
    """

    name: str
    words: str
    candidate: Candidate
    trial_ids: tuple[int, ...]
    seeds: tuple[int, ...]
    parameters: int
    macs: int
    layers: int
    f1: Interval
    f1_images: Interval
    accuracy: Interval
    f1_per_class: tuple[Interval, ...]
    train: Fit
    validation: Fit
    differences: Mapping[Other, Difference]
    calibration: tuple[Mapping[str, Any], ...] = ()
    unknown: tuple[Separation, ...] = ()


@dataclass(frozen=True)
class Final:
    """A final evaluation.

    missing      networks and seeds without a result
    latencies    latency runs by machine and by network
    read_before  studies for which the same test images were read before, see `search.report.stored_final.readings`
    left_out     members of the overall Pareto front that are not evaluated: not chosen, or found later
    behind       of each network that shares a seed with the best one: the bootstrap interval, over images, of its F1
                 minus that of the best. Controls from random weights are never the best
    """

    name: str
    classes: tuple[str, ...]
    test_pictures: int
    data: Mapping[str, Any]
    devices: tuple[str, ...]
    versions: Mapping[str, str]
    rows: tuple[FinalRow, ...]
    missing: tuple[str, ...]
    latencies: Mapping[str, Mapping[str, LatencyRun]]
    read_before: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    behind: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def controls(self) -> set[str]:
        """The networks from random weights, which show what the pretrained weights are worth."""
        return {row.differences["control"].other for row in self.rows if "control" in row.differences}

    @property
    def uncut(self) -> FinalRow | None:
        """The full backbone that the others are compared with."""
        names = {row.differences["uncut"].other for row in self.rows if "uncut" in row.differences}
        return next((row for row in self.rows if row.name in names), None)


Curves = Mapping[int, Sequence[Mapping[str, float]]]
Latencies = Mapping[int, Sequence[Mapping[str, Any]]]


def final_of(
    name: str,
    attributes: Mapping[str, Any],
    space: ListedSpace,
    trials: Sequence[TrialRecord],
    search: Search,
    curves: Curves,
    latencies: Latencies,
) -> Final:
    """Summarise a final evaluation.

    attributes  the study's attributes
    trials      the study's trials
    search      the search whose networks are evaluated; validation scores are from there
    curves      learning curves of the trials; training scores are from their last epochs
    latencies   latency runs of the trials, as stored

    Raises BadInput if no network has been scored yet, or if networks were scored on different test images.
    """
    of_row = {row.name: _scored(trials, row.name) for row in space.rows}
    scored = [trial for members in of_row.values() for trial in members]
    if not scored:
        raise BadInput(f"study {name} has no result yet", ["resume it with python -m search.finalize"])
    if len({unpack(trial.attributes[ANSWERS]["labels"]).tobytes() for trial in scored}) > 1:
        raise BadInput(f"study {name} cannot be reported", ["its networks were scored on different test images"])
    drawn = _drawn(scored)
    compared = _with_smaller_scratch(space.rows, search)
    rows = [_row(row, of_row, drawn, search, curves) for row in compared if of_row[row.name]]
    row_of_trial = {trial.trial_id: row for row, members in of_row.items() for trial in members}
    final = Final(
        name=name,
        classes=tuple(attributes["data"]["classes"]),
        test_pictures=len(unpack(scored[0].attributes[ANSWERS]["labels"])),
        data=attributes["data"],
        devices=tuple(sorted({str(device_of(trial.attributes)) for trial in scored})),
        versions=attributes.get("versions", {}),
        rows=tuple(sorted(rows, key=lambda row: row.parameters)),
        missing=tuple(_missing(space, of_row, trials)),
        latencies={
            machine: {row_of_trial[trial_id]: run for trial_id, run in runs.items() if trial_id in row_of_trial}
            for machine, runs in comparable(latencies).items()
        },
    )
    best = max((row for row in final.rows if row.name not in final.controls), key=lambda row: row.f1.mean)
    behind = {row.name: _difference(of_row[row.name], best.name, of_row[best.name], drawn) for row in final.rows}
    return replace(final, behind={name: known.over_images for name, known in behind.items() if known is not None})


def _with_smaller_scratch(rows: Sequence[ListedRow], search: Search) -> list[ListedRow]:
    """The rows; a cut that is larger than all networks from scratch is compared with the best of them."""
    scratch = {
        row.name: validation_fit(row.candidate, search).f1_macro or 0.0
        for row in rows
        if row.candidate.network.family == "scratch"
    }
    best = max(scratch, key=lambda name: scratch[name], default=None)
    controls = {row.compared_with.get("control") for row in rows}
    return [
        row
        if best is None or not _is_cut(row) or "scratch" in row.compared_with or row.name in controls
        else row.model_copy(update={"compared_with": {**row.compared_with, "smaller_scratch": best}})
        for row in rows
    ]


def _is_cut(row: ListedRow) -> bool:
    return getattr(row.candidate.network, "cut", None) is not None


def _scored(trials: Sequence[TrialRecord], row: str) -> list[TrialRecord]:
    """Complete trials of a row, by seed."""
    mine = [
        trial
        for trial in trials
        if trial.state == TrialState.COMPLETE and trial.attributes.get("row") == row and READ_AT in trial.attributes
    ]
    return sorted(mine, key=lambda trial: int(trial.attributes["seed"]))


def _missing(
    space: ListedSpace, of_row: Mapping[str, Sequence[TrialRecord]], trials: Sequence[TrialRecord]
) -> list[str]:
    wanted = set(range(space.first_seed, space.first_seed + space.seeds))
    failed = {
        (trial.attributes.get("row"), trial.attributes.get("seed")): str(trial.attributes.get("failure"))
        for trial in trials
        if trial.state == TrialState.FAIL
    }
    return [
        f"{row} seed {seed}: {failed.get((row, seed), 'not finished')}"
        for row, members in of_row.items()
        for seed in sorted(wanted - {trial.attributes["seed"] for trial in members})
    ]


def _drawn(scored: Sequence[TrialRecord]) -> dict[int, Floats]:
    """Trial id -> macro F1 (B,) of B bootstrap draws of the test images, the same draws for all trials."""
    labels = unpack(scored[0].attributes[ANSWERS]["labels"])
    predictions = np.stack([unpack(trial.attributes[ANSWERS]["predictions"]) for trial in scored])
    columns = drawn_f1(labels, predictions)
    return {trial.trial_id: columns[:, index] for index, trial in enumerate(scored)}


def _row(
    row: ListedRow,
    of_row: Mapping[str, Sequence[TrialRecord]],
    drawn: Mapping[int, Floats],
    search: Search,
    curves: Curves,
) -> FinalRow:
    trials = of_row[row.name]
    first = trials[0].attributes
    f1 = over_seeds(_values(trials, "test_f1_macro"))
    per_class = np.array([trial.attributes["test_f1_per_class"] for trial in trials])
    return FinalRow(
        name=row.name,
        words=row.words,
        candidate=row.candidate,
        trial_ids=tuple(trial.trial_id for trial in trials),
        seeds=tuple(int(trial.attributes["seed"]) for trial in trials),
        parameters=int(first["parameters"]),
        macs=int(first["macs"]),
        layers=int(first["layers"]),
        f1=f1,
        f1_images=over_images(f1.mean, _mean_of(trials, drawn)),
        accuracy=over_seeds(_values(trials, "test_accuracy")),
        f1_per_class=tuple(over_seeds(scores) for scores in per_class.T.tolist()),
        train=train_fit([curves[trial.trial_id][-1] for trial in trials if curves.get(trial.trial_id)]),
        validation=validation_fit(row.candidate, search),
        differences={
            kind: difference
            for kind, other in row.compared_with.items()
            if (difference := _difference(trials, other, of_row.get(other, ()), drawn)) is not None
        },
        calibration=tuple(known for trial in trials if (known := trial.attributes.get(CALIBRATION)) is not None),
        unknown=tuple(Separation(**known) for trial in trials if (known := trial.attributes.get(TEST_UNKNOWN))),
    )


def _values(trials: Sequence[TrialRecord], name: str) -> list[float]:
    return [float(trial.attributes[name]) for trial in trials]


def _mean_of(trials: Sequence[TrialRecord], drawn: Mapping[int, Floats]) -> Floats:
    means: Floats = np.mean([drawn[trial.trial_id] for trial in trials], axis=0)
    return means


def _difference(
    mine: Sequence[TrialRecord], other: str, others: Sequence[TrialRecord], drawn: Mapping[int, Floats]
) -> Difference | None:
    """The difference on the seeds that both networks have; None without such a seed."""
    by_seed = {trial.attributes["seed"]: trial for trial in others}
    pairs = [(trial, by_seed[seed]) for trial in mine if (seed := trial.attributes["seed"]) in by_seed]
    if not pairs:
        return None
    single = [a.attributes["test_f1_macro"] - b.attributes["test_f1_macro"] for a, b in pairs]
    columns = np.mean([drawn[a.trial_id] - drawn[b.trial_id] for a, b in pairs], axis=0)
    return Difference(other, over_seeds(single), over_images(statistics.fmean(single), columns))
