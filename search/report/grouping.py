"""Grouping stored trials into the rows, studies and search of a report.

A missing attribute (older trials, other writers) becomes None in the row and never stops a report.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from optuna.trial import TrialState
from pydantic import NonNegativeInt, TypeAdapter, ValidationError

from search.models.answers import VALIDATION_ANSWERS
from search.report.pruned_trials import device_of, hours_by_device, pruned_trials_of
from search.report.rows import Counts, Matrix, Row, Search, Study
from search.statistics.cut_ranking import ProfiledCut
from search.system.text import first_line
from storage.attributes import MODEL_LOST
from storage.names import short_name
from storage.trials import StudyRecord, TrialRecord

_PROFILE = TypeAdapter(tuple[ProfiledCut, ...])
_MATRICES = TypeAdapter(tuple[tuple[tuple[NonNegativeInt, ...], ...], ...])


def search_of(name: str, studies: Sequence[StudyRecord], trials: Iterable[TrialRecord]) -> Search:
    """Group the records of one search into studies and rows, both in the order of their records.

    A study that is scored on the test split is left out here, except for its hours: no report, dashboard page or
    selection that compares candidates ever sees a test score.
    """
    of_study: dict[str, list[TrialRecord]] = {record.name: [] for record in studies}
    for trial in trials:
        if trial.study in of_study:
            of_study[trial.study].append(trial)
    final = [record.name for record in studies if record.attributes.get("scored_on") == "test"]
    studies = [record for record in studies if record.name not in final]
    return Search(
        name,
        tuple(_study(record, of_study[record.name]) for record in studies),
        tuple(row for record in studies for row in _rows(short_name(record.name), of_study[record.name])),
        {short_name(name): _hours_by_device(of_study[name]) for name in final},
    )


def _study(record: StudyRecord, trials: Sequence[TrialRecord]) -> Study:
    backbones = _mapping(record.attributes, "backbones")
    return Study(
        name=short_name(record.name),
        counts=_counts(trials),
        hours=sum(_seconds_spent(trial) for trial in trials) / 3600,
        uncut_parameters={
            backbone: parameters
            for backbone in backbones
            if (parameters := _whole(_mapping(backbones, backbone), "parameters")) is not None
        },
        data=_mapping(record.attributes, "data"),
        settings=_mapping(record.attributes, "settings"),
        depth_profile=_depth_profile(record.attributes),
        stopped={
            trial.number: str(trial.attributes.get("reason") or "no reason recorded")
            for trial in trials
            if trial.state == TrialState.PRUNED and not trial.attributes.get("infeasible")
        },
        models_lost={
            trial.number: str(trial.attributes[MODEL_LOST]) for trial in trials if trial.attributes.get(MODEL_LOST)
        },
        listed=record.attributes.get("space") == "listed",
        endings=pruned_trials_of(trials),
        hours_by_device=_hours_by_device(trials),
    )


def _hours_by_device(trials: Sequence[TrialRecord]) -> dict[str, float]:
    return hours_by_device((trial, _seconds_spent(trial)) for trial in trials)


def _depth_profile(attributes: Mapping[str, Any]) -> tuple[ProfiledCut, ...]:
    try:
        return _PROFILE.validate_python(attributes.get("depth_profile", ()))
    except ValidationError:
        return ()


def _counts(trials: Sequence[TrialRecord]) -> Counts:
    states = Counter(trial.state for trial in trials)
    infeasible = sum(trial.state == TrialState.PRUNED and bool(trial.attributes.get("infeasible")) for trial in trials)
    usable = sum(_is_usable(trial) for trial in trials)
    ended = [trial for trial in trials if trial.state in (TrialState.FAIL, TrialState.COMPLETE)]
    reasons = Counter(_reason(trial) for trial in ended if not _is_usable(trial))
    return Counts(
        complete=usable,
        infeasible=infeasible,
        stopped=states[TrialState.PRUNED] - infeasible,
        running=states[TrialState.RUNNING],
        waiting=states[TrialState.WAITING],
        failed=dict(reasons.most_common()),
    )


def _reason(trial: TrialRecord) -> str:
    if trial.state == TrialState.COMPLETE:
        return "complete, but without a finite F1 and a number of parameters"
    return first_line(trial.attributes.get("failure"))


def _seconds_spent(trial: TrialRecord) -> float:
    recorded = number(trial.attributes, "seconds")
    return max(0.0, (trial.seconds or 0.0) if recorded is None else recorded)


def _is_usable(trial: TrialRecord) -> bool:
    if trial.state != TrialState.COMPLETE or trial.values is None or len(trial.values) != 2:
        return False
    f1_macro, parameters = trial.values
    return math.isfinite(f1_macro) and math.isfinite(parameters) and parameters >= 1


def _rows(study: str, trials: Iterable[TrialRecord]) -> list[Row]:
    """One row per candidate. Trials of one candidate with different parameter counts become different rows."""
    groups: dict[object, list[TrialRecord]] = {}
    for trial in trials:
        if _is_usable(trial) and trial.values is not None:
            key = trial.attributes.get("candidate_key")
            known = isinstance(key, str)
            groups.setdefault((key, trial.values[1]) if known else trial.trial_id, []).append(trial)
    return [_row(study, sorted(group, key=lambda trial: trial.number)) for group in groups.values()]


def _row(study: str, trials: Sequence[TrialRecord]) -> Row:
    attributes = trials[0].attributes
    candidate = _mapping(attributes, "candidate")
    network = _mapping(candidate, "network")
    family = network.get("family") or attributes.get("family")
    eliminated = family == "eliminated"
    values = [trial.values for trial in trials if trial.values is not None]
    return Row(
        study=study,
        trials=tuple(trial.number for trial in trials),
        trial_ids=tuple(trial.trial_id for trial in trials),
        seeds=tuple(seed for trial in trials if (seed := _whole(trial.attributes, "seed")) is not None),
        devices=tuple(sorted({device for trial in trials if (device := device_of(trial.attributes))})),
        f1_scores=tuple(f1_macro for f1_macro, *_ in values),
        parameters=int(values[0][1]),
        macs=_whole(attributes, "macs"),
        layers=_whole(attributes, "layers"),
        epochs=_whole(attributes, "epochs"),
        accuracy=_mean(trials, "accuracy"),
        seconds=_mean(trials, "seconds"),
        images_per_second=_mean(trials, "images_per_second"),
        peak_memory_mb=_mean(trials, "peak_memory_mb"),
        summary=str(attributes.get("summary") or "not described"),
        family=str(family) if family else None,
        backbone=str(network["backbone"]) if eliminated and network.get("backbone") else None,
        uncut=eliminated and "cut" in network and network["cut"] is None,
        candidate=candidate,
        name=str(attributes["row"]) if attributes.get("row") else None,
        validation_loss=_mean(trials, "validation_loss"),
        train_f1_macro=_mean(trials, "train_f1_macro"),
        flash_bytes=_whole(attributes, "flash_bytes"),
        ram_bytes=_whole(attributes, "ram_bytes"),
        confusions=_confusions(trials),
        answers=_answers(trials),
    )


def _confusions(trials: Sequence[TrialRecord]) -> tuple[Matrix, ...]:
    """One matrix per trial, if all trials have one of the same size; otherwise none."""
    try:
        matrices = _MATRICES.validate_python([trial.attributes.get("confusion") for trial in trials])
    except ValidationError:
        return ()
    if len({size for matrix in matrices for size in (len(matrix), *map(len, matrix))}) != 1:
        return ()
    return matrices


def _answers(trials: Sequence[TrialRecord]) -> tuple[Mapping[str, str], ...]:
    found = [_mapping(trial.attributes, VALIDATION_ANSWERS) for trial in trials]
    return tuple(known for known in found if all(isinstance(known.get(of), str) for of in ("labels", "predictions")))


def _mean(trials: Sequence[TrialRecord], name: str) -> float | None:
    known = [value for trial in trials if (value := number(trial.attributes, name)) is not None]
    return statistics.fmean(known) if known else None


def number(attributes: Mapping[str, Any], name: str) -> float | None:
    """The attribute if it is a finite number, otherwise None."""
    value = attributes.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= sys.float_info.max else None


def _whole(attributes: Mapping[str, Any], name: str) -> int | None:
    value = number(attributes, name)
    return None if value is None else int(value)


def _mapping(attributes: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = attributes.get(name)
    return value if isinstance(value, dict) else {}
