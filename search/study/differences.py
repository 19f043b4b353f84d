"""Why an existing study cannot be continued: it was created for different data, another space or another machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from pydantic import ValidationError

from search.data.depth import SIXTEEN_BITS, PixelRange
from search.settings.search import Settings, resolved
from search.settings.stored import stored_space, with_present_defaults
from search.study.study import WHOLE
from search.system.hardware import processor

LATENCY_MACHINE = "latency_machine"
ADVICE = "choose a new name with --name, or use the old data and settings"
MAY_CHANGE = {"trials", "minutes", "share"}  # budgets


def differences(study: optuna.Study, settings: Settings, data: Mapping[str, Any]) -> list[str]:
    """Why an existing study cannot be continued with these settings: different data, space or machine."""
    short = study.study_name.partition("/")[2]
    stored = study.user_attrs["settings"]["studies"][short]
    before = with_present_defaults(stored, _with_defaults(stored))
    now = _with_defaults(resolved(settings)["studies"][short])
    changed = sorted(key for key in {*before, *now} - MAY_CHANGE if before.get(key) != now.get(key))
    problems = differences_of_data(study, data) + _other_machine(study)
    named = settings.studies[short].model_dump(mode="json")
    if _without_budget(named) == _without_budget(_with_defaults(study.user_attrs[WHOLE])):
        return problems  # the settings name what the study has, without the networks that lacked weights
    if changed and now["space"] == before["space"] == "listed":
        problems.append(
            f"study {study.study_name} was created with {_list_in_words(before)}, not {_list_in_words(now)}, or with "
            f"different settings ({', '.join(changed)}); its networks cannot change: repeat the command that created "
            "it, or choose a new study name with --study"
        )
    elif changed:
        problems.append(f"study {study.study_name} has a different {', '.join(changed)}; {ADVICE}")
    return problems


def _without_budget(space: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in space.items() if name not in MAY_CHANGE}


def _with_defaults(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored space, with the settings of this version: see `search.settings.stored`."""
    try:
        return stored_space(stored).model_dump(mode="json")
    except ValidationError:  # of a version that had other settings
        return stored


def _other_machine(study: optuna.Study) -> list[str]:
    """A limit in milliseconds holds for the machine where the study was created, and for no other."""
    measured_on, here = study.user_attrs.get(LATENCY_MACHINE), processor()
    if measured_on in (None, here):
        return []
    limited = f"study {study.study_name} has a latency limit on the processor {measured_on}"
    return [f"{limited}, and this machine has {here}: run its workers there, or use max_macs for different machines"]


def _list_in_words(space: Mapping[str, Any]) -> str:
    seeds = f"{space['seeds']} seed{'s' * (space['seeds'] != 1)}"
    return f"{', '.join(row['name'] for row in space['rows'])} ({seeds})"


def differences_of_data(study: optuna.Study, data: Mapping[str, Any]) -> list[str]:
    """Why an existing study cannot be continued on the data set of this description."""
    attributes = study.user_attrs
    problems = []
    if attributes["data"]["fingerprint"] != data["fingerprint"]:
        problems.append(
            f"study {study.study_name} was created on data {_data_id(attributes['data'])}, "
            f"not {_data_id(data)}; {ADVICE}"
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
    unknown = sum(data.get("unknown", {}).values())
    return f"{data['name']} {data['fingerprint'][:12]}" + (f" with {unknown:,} unknown images" if unknown else "")
