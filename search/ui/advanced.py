"""The advanced settings of Start: a form that is made of the types and descriptions of the settings themselves."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from pydantic import BaseModel

from search.settings.forms import plain, words
from search.settings.search import Settings
from search.settings.spaces import ListedSpace, Range

ELSEWHERE = {"name", "minutes", "artefact_store", "space", "source", "annotations"}
"""What the form has already, or what the page was started with. A browser sends no path of a file."""


@dataclass(frozen=True)
class Field:
    """A setting, by its dotted key, as the form shows it.

    form     what is expected, in words
    value    the present one, as YAML
    choices  all values that are allowed; empty if any other of its form is
    """

    key: str
    meaning: str
    form: str
    value: str
    choices: tuple[str, ...]


def advanced(settings: Settings, without: Collection[str]) -> dict[str, list[Field]]:
    """The settings by their group, except paths, addresses and those `without`, by the name within their group."""
    groups: dict[str, list[Field]] = {}
    _collect(settings, "", {*ELSEWHERE, *without}, groups)
    return groups


def _collect(group: BaseModel, prefix: str, without: Collection[str], groups: dict[str, list[Field]]) -> None:
    schema, values = type(group).model_json_schema(), group.model_dump(mode="json")
    mine = groups.setdefault(prefix.rstrip(".") or "search", [])
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, dict) and name == "studies":
            for study, space in value.items():
                if not isinstance(space, ListedSpace):
                    _collect(space, f"studies.{study}.", without, groups)
        elif isinstance(value, BaseModel) and not isinstance(value, Range):
            _collect(value, f"{prefix}{name}.", without, groups)
        elif name not in without:
            node = plain(schema["properties"][name], schema)
            if node.get("format") in ("path", "password"):
                continue
            choices = ("true", "false") if node.get("type") == "boolean" else tuple(map(str, node.get("enum", ())))
            given = values.get(name, field.default)  # a value that changes nothing may be left out
            told = "not set" if given is None else str(given) if isinstance(given, str) else json.dumps(given)
            mine.append(Field(prefix + name, str(field.description), words(node, schema), told, choices))
