"""Why settings were refused, in sentences: where, the expected form, and what was given instead.

What pydantic says of a field is for programmers. What is expected is read from the JSON schema of the settings, so each
field of each group is told of in the same way, whatever is wrong with it.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from search.given import TYPED, Given, Where, dotted, said_as

Schema = Mapping[str, Any]

_SILENT = {"default_factory_not_called"}  # comes with another problem
_TEXT = "text"
_DIGITS = 30
_short = reprlib.Repr()
_short.maxlevel, _short.maxstring, _short.maxother = 3, 60, 60


@dataclass(frozen=True)
class Problem:
    """What is wrong with the setting at `where`, which is of the `form`. `there` is false where it was not given."""

    where: Where
    said: str
    form: str = ""
    there: bool = True


def explained(error: ValidationError, schema: Schema) -> list[Problem]:
    """A problem for each thing that pydantic refused. `schema` is the JSON schema of what it was to be."""
    errors = [each for each in error.errors(include_url=False) if each["type"] not in _SILENT]
    above = {each["loc"][:depth] for each in errors for depth in range(len(each["loc"]))}
    # A list that one value was refused of is too short, too.
    return [_problem(each, schema) for each in errors if each["type"] != "too_short" or each["loc"] not in above]


def booleans(values: Any, schema: Callable[[], Schema]) -> list[Problem]:
    """Where true or false stands for a number: pydantic would take it for 1 or 0. Few settings need the `schema`."""
    return list(_booleans(values, schema(), schema(), ())) if _holds_boolean(values) else []


def located(problem: Problem, layers: Sequence[Given]) -> str:
    """The problem and how the setting was given, which is in the file where no layer has a label for it."""
    where = problem.where if problem.there else problem.where[:-1]
    label, keys = next((found for layer in layers if (found := layer.label(where))), ("", ()))
    if len(keys) > len(where) and problem.form:
        return f"{said_as(label, keys)}: {dotted(where)} is {problem.form}, and has no keys below it"
    if keys != where[: len(keys)]:  # what is missing in a group that was given by its parts
        label, keys = "", ()
    rest = dotted(problem.where[len(keys) :])
    if label == TYPED or not label:
        return f"{said_as(label, problem.where)}: {problem.said}" if rest or keys else problem.said
    return f"{label}: {rest}{': ' if rest else ''}{problem.said}"


def _problem(error: Mapping[str, Any], schema: Schema) -> Problem:
    node, where = _at(schema, error["loc"])
    given, form = error["input"], _words(node, schema)
    match error["type"]:
        case "extra_forbidden":
            return Problem(where, f"no such setting{_instead(schema, error['loc'])}")
        case "missing":
            return Problem(where, f"missing; expected {form}", there=False)
        case "value_error":
            reason = str(error["ctx"]["error"])
            tell = isinstance(given, str | int | float | list) and not _secret(node)
            return Problem(where, f"{reason}, got {shown(given)}" if tell else reason)
        case "union_tag_not_found" | "union_tag_invalid":
            tag = node["discriminator"]["propertyName"]
            kinds = _or(list(node["discriminator"]["mapping"]))
            if tag not in given:
                return Problem((*where, tag), f"missing; expected {kinds}", there=False)
            return Problem((*where, tag), f"expected {kinds}, got {shown(given[tag])}", form)
        case "invalid_key":
            return Problem(where, "expected text as a key; put it in quotes")
    got = "" if _secret(node) else f", got {shown(given)}"
    hint = "; put it in quotes" if form == _TEXT and isinstance(given, int | float) else ""
    return Problem(where, f"expected {form}{got}{hint}", form)


def shown(value: Any) -> str:
    """A value in a few words, as YAML has it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        return f"a number of more than {_DIGITS} digits"
    return _short.repr(value)


def _at(schema: Schema, loc: Where) -> tuple[Schema, Where]:
    """The schema of what is at `loc`, and its keys without the kinds that pydantic puts between, and nobody wrote."""
    node, where = _resolved(schema, schema), list[str | int]()
    above = node
    for part in loc:
        kinds = node.get("discriminator", {}).get("mapping", {})
        if part == "[key]":  # what is wrong is the last key itself
            node = _resolved(above.get("propertyNames", {}), schema)
        elif part in kinds:
            node = _resolved({"$ref": kinds[part]}, schema)
        else:
            where.append(part)
            above, node = node, _resolved(_below(node, part), schema)
    return node, tuple(where)


def _below(node: Schema, part: str | int) -> Schema:
    if isinstance(part, int):
        several = node.get("prefixItems", ())
        below: Schema = several[part] if part < len(several) else node.get("items", {})
        return below
    below = node.get("properties", {}).get(part, node.get("additionalProperties", {}))
    return below if isinstance(below, Mapping) else {}


def _resolved(node: Schema, schema: Schema) -> Schema:
    """Without references and null."""
    while True:
        if "$ref" in node:
            node = {**schema["$defs"][node["$ref"].rpartition("/")[2]], **_described(node)}
        elif "anyOf" in node:
            kinds = [kind for kind in node["anyOf"] if kind.get("type") != "null"]
            node = {**kinds[0], **_described(node)}
        else:
            return node


def _described(node: Schema) -> Schema:
    return {"description": node["description"]} if "description" in node else {}


def _secret(node: Schema) -> bool:
    return node.get("format") == "password"


def _words(node: Schema, schema: Schema) -> str:
    """The form of a value."""
    if "discriminator" in node:
        tag, kinds = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        return f"a group of settings whose {tag} is {_or(list(kinds))}"
    if "enum" in node or "const" in node:
        return _or([shown(each).strip("'") for each in node.get("enum", [node.get("const")])])
    match node.get("type"):
        case "integer":
            return f"a whole number{_bounds(node)}"
        case "number":
            return f"a number{_bounds(node)}"
        case "boolean":
            return "true or false"
        case "array":
            return _list_words(node, schema)
        case "object" if names := list(node.get("properties", ())):
            return f"a group of settings: {', '.join(names[:8])}{', …' if len(names) > 8 else ''}"
        case "object":
            return f"a group of {'one or more ' if node.get('minProperties') else ''}keys and values"
    if "pattern" in node:
        return str(node["description"])
    text = f"{_TEXT} that is not empty" if node.get("minLength") else _TEXT
    return {"path": "a path", "password": "an address"}.get(node.get("format", ""), text)


def _list_words(node: Schema, schema: Schema) -> str:
    if several := node.get("prefixItems"):
        return f"a list of {len(several)} values, each {_words(_resolved(several[0], schema), schema)}"
    least = " of at least one value" if node.get("minItems") else ""
    return f"a list{least}, each {_words(_resolved(node.get('items', {}), schema), schema)}"


def _bounds(node: Schema) -> str:
    least, above = node.get("minimum"), node.get("exclusiveMinimum")
    most, below = node.get("maximum"), node.get("exclusiveMaximum")
    low = f" from {_number(least)}" if least is not None else f" above {_number(above)}" if above is not None else ""
    if most is not None:
        return f"{low} {'to' if least is not None else 'and up to'} {_number(most)}"
    return f"{low} and below {_number(below)}" if below is not None else low


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _instead(schema: Schema, loc: Where) -> str:
    """What may have been meant by an unknown key: one beside it that is spelt like it, or one of its name elsewhere."""
    above, where = _at(schema, loc[:-1])
    beside = {key: dotted((*where, key)) for key in above.get("properties", {})}
    if near := difflib.get_close_matches(str(loc[-1]), beside, n=1):
        return f"; did you mean {beside[near[0]]}?"
    elsewhere = [dotted(path) for path in _paths(schema, schema, ()) if path[-1] == loc[-1]]
    return f"; did you mean {elsewhere[0]}?" if elsewhere else ""


def _holds_boolean(values: Any) -> bool:
    waiting, seen = [values], set[int]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, bool):
            return True
        if isinstance(value, Mapping | list) and id(value) not in seen:  # anchors put one value in many places
            seen.add(id(value))
            waiting += value.values() if isinstance(value, Mapping) else value
    return False


def _booleans(value: Any, node: Schema, schema: Schema, where: Where) -> Iterator[Problem]:
    node = _resolved(node, schema)
    if isinstance(value, bool) and node.get("type") in ("integer", "number"):
        yield Problem(where, f"expected {_words(node, schema)}, got {shown(value)}")
    elif isinstance(value, Mapping) and node:
        if "discriminator" in node:
            kinds, tag = node["discriminator"]["mapping"], value.get(node["discriminator"]["propertyName"])
            node = _resolved({"$ref": kinds[tag]}, schema) if isinstance(tag, str) and tag in kinds else {}
        for key, each in value.items():
            yield from _booleans(each, _below(node, key), schema, (*where, key))
    elif isinstance(value, list) and node:
        for index, each in enumerate(value):
            yield from _booleans(each, _below(node, index), schema, (*where, index))


def _paths(node: Schema, schema: Schema, where: Where) -> Iterator[Where]:
    """Keys of all settings and groups; NAME stands for any key."""
    node = _resolved(node, schema)
    for kind in node.get("discriminator", {}).get("mapping", {}).values():
        yield from _paths({"$ref": kind}, schema, where)
    below = {**node.get("properties", {})}
    if isinstance(any_key := node.get("additionalProperties"), Mapping):
        below["NAME"] = any_key
    for key, each in below.items():
        yield (*where, key)
        yield from _paths(each, schema, (*where, key))
