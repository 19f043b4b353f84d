"""Why an existing study cannot be continued: it was made for other data, another space or another machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from pydantic import TypeAdapter, ValidationError

from search.data.depth import SIXTEEN_BITS, PixelRange
from search.settings.search import Settings, resolved
from search.settings.spaces import AnySpace, StudySpace
from search.study.study import WHOLE
from search.system.hardware import processor

LATENCY_MACHINE = "latency_machine"
ADVICE = "give the new search another --name, or go back to the old data and settings"
MAY_CHANGE = {"trials", "minutes", "profile"}  # budgets, and what matters only while a study is made
SPACE: TypeAdapter[AnySpace] = TypeAdapter(StudySpace)


def differences(study: optuna.Study, settings: Settings, data: Mapping[str, Any]) -> list[str]:
    """Why an existing study cannot be continued under these settings: other data, or another space."""
    short = study.study_name.partition("/")[2]
    before = _with_defaults(study.user_attrs["settings"]["studies"][short])
    now = _with_defaults(resolved(settings)["studies"][short])
    changed = sorted(key for key in {*before, *now} - MAY_CHANGE if before.get(key) != now.get(key))
    problems = differences_of_data(study, data) + _other_machine(study)
    if settings.studies[short].model_dump(mode="json") == _with_defaults(study.user_attrs[WHOLE]):
        return problems  # asked for is what the study came to, once rows without weights were left out
    if changed and now["space"] == before["space"] == "listed":
        problems.append(
            f"study {study.study_name} was made of {_list_in_words(before)}, not of {_list_in_words(now)}, or they are "
            f"to be trained in another way now ({', '.join(changed)}); a list stays as it was made: repeat the command "
            "that made it, or give the new list a study of its own with --study"
        )
    elif changed:
        problems.append(f"study {study.study_name} has another {', '.join(changed)}; {ADVICE}")
    return problems


def _with_defaults(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored space; what was no setting yet when it was made has its default."""
    try:
        return SPACE.validate_python(stored).model_dump(mode="json")
    except ValidationError:  # of a version that had other settings
        return stored


def _other_machine(study: optuna.Study) -> list[str]:
    """A limit in milliseconds means what it meant where the study was made, and nothing elsewhere."""
    measured_on, here = study.user_attrs.get(LATENCY_MACHINE), processor()
    if measured_on in (None, here):
        return []
    limited = f"study {study.study_name} has a limit of latency on the processor {measured_on}"
    return [f"{limited}, and this machine has {here}: run its workers there, or take max_macs for many machines"]


def _list_in_words(space: Mapping[str, Any]) -> str:
    return f"{', '.join(row['name'] for row in space['rows'])} with {space['seeds']} seeds"


def differences_of_data(study: optuna.Study, data: Mapping[str, Any]) -> list[str]:
    attributes = study.user_attrs
    problems = []
    if attributes["data"]["fingerprint"] != data["fingerprint"]:
        problems.append(
            f"study {study.study_name} was made on data {_data_id(attributes['data'])}, not {_data_id(data)}; {ADVICE}"
        )
    if attributes["data"]["fit"] != data["fit"]:
        problems.append(
            f"study {study.study_name} has data.fit {attributes['data']['fit']}, not {data['fit']}; {ADVICE}"
        )
    before, now = (PixelRange(*described.get("pixel_range", SIXTEEN_BITS)) for described in (attributes["data"], data))
    if before != now:
        problems.append(f"study {study.study_name} has data.pixel_range {before}, not {now}; {ADVICE}")
    return problems


def _data_id(data: Mapping[str, Any]) -> str:
    return f"{data['name']} {data['fingerprint'][:12]}"
