"""Messages about settings that were refused: the setting, the expected form, and the given value.

Pydantic's own messages are for programmers. The expected form is read from the JSON schema of the settings, so all
messages have the same form.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from search.settings.forms import TEXT, Schema, alternatives, at, below, paths, plain, words
from search.settings.given import TYPED, Given, Where, dotted, said_as

_SILENT = {"default_factory_not_called"}  # always comes with another problem
_DIGITS = 30
_short = reprlib.Repr()
_short.maxlevel, _short.maxstring, _short.maxother = 3, 60, 60


@dataclass(frozen=True)
class Problem:
    """One problem of the setting at `where`.

    said   the message
    form   the expected form, in words
    there  whether the setting was given
    own    whether the problem is of the setting itself, and not of one of several forms that it could have
    """

    where: Where
    said: str
    form: str = ""
    there: bool = True
    own: bool = True


def explained(error: ValidationError, schema: Schema) -> list[Problem]:
    """One problem for each error of pydantic. `schema` is the JSON schema of the settings."""
    errors = [each for each in error.errors(include_url=False) if each["type"] not in _SILENT]
    above = {each["loc"][:depth] for each in errors for depth in range(len(each["loc"]))}
    # A list of which one value was refused is also reported as too short.
    errors = [each for each in errors if each["type"] != "too_short" or each["loc"] not in above]
    problems = [_problem(each, schema) for each in errors]
    deeper = {problem.where[:depth] for problem in problems for depth in range(len(problem.where))}
    return list(dict.fromkeys(problem for problem in problems if problem.where not in deeper or problem.own))


def booleans(values: Any, schema: Callable[[], Schema]) -> list[Problem]:
    """Problems of booleans in place of numbers: pydantic would accept them as 1 or 0. `schema` is called if needed."""
    return list(_booleans(values, schema(), schema(), ())) if _holds_boolean(values) else []


def located(problem: Problem, layers: Sequence[Given]) -> str:
    """The message with how the setting was given: in the settings file, if no layer has a label for it."""
    where = problem.where if problem.there else problem.where[:-1]
    label, keys = next((found for layer in layers if (found := layer.label(where))), ("", ()))
    if len(keys) > len(where) and problem.form:
        return f"{said_as(label, keys)}: {dotted(where)} is {problem.form}, and has no keys below it"
    if keys != where[: len(keys)]:  # something is missing in a group that was given by its parts
        label, keys = "", ()
    rest = dotted(problem.where[len(keys) :])
    if label == TYPED or not label:
        return f"{said_as(label, problem.where)}: {problem.said}" if rest or keys else problem.said
    return f"{label}: {rest}{': ' if rest else ''}{problem.said}"


def _problem(error: Mapping[str, Any], schema: Schema) -> Problem:
    node, where = at(schema, error["loc"])
    given, form = error["input"], words(node, schema)
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
            kinds = alternatives(list(node["discriminator"]["mapping"]))
            if tag not in given:
                return Problem((*where, tag), f"missing; expected {kinds}", there=False)
            return Problem((*where, tag), f"expected {kinds}, got {shown(given[tag])}", form)
        case "invalid_key":
            return Problem(where, "expected text as a key; put it in quotes")
    got = "" if _secret(node) else f", got {shown(given)}"
    hint = "; put it in quotes" if form == TEXT and isinstance(given, int | float) else ""
    return Problem(where, f"expected {form}{got}{hint}", form, own="anyOf" not in node)


def shown(value: Any) -> str:
    """A value in short form, in the spelling of YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        return f"a number of more than {_DIGITS} digits"
    return _short.repr(value)


def _secret(node: Schema) -> bool:
    return node.get("format") == "password"


def _instead(schema: Schema, loc: Where) -> str:
    """A hint for an unknown key: a key of the same group with a similar name, or the same name elsewhere."""
    above, where = at(schema, loc[:-1])
    beside = {key: dotted((*where, key)) for key in above.get("properties", {})}
    if near := difflib.get_close_matches(str(loc[-1]), beside, n=1):
        return f"; did you mean {beside[near[0]]}?"
    elsewhere = [dotted(path) for path in paths(schema, schema, ()) if path[-1] == loc[-1]]
    return f"; did you mean {elsewhere[0]}?" if elsewhere else ""


def _holds_boolean(values: Any) -> bool:
    waiting, seen = [values], set[int]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, bool):
            return True
        if isinstance(value, Mapping | list) and id(value) not in seen:  # anchors can put one value in many places
            seen.add(id(value))
            waiting += value.values() if isinstance(value, Mapping) else value
    return False


def _booleans(value: Any, node: Schema, schema: Schema, where: Where) -> Iterator[Problem]:
    node = plain(node, schema)
    if isinstance(value, bool) and node.get("type") in ("integer", "number"):
        yield Problem(where, f"expected {words(node, schema)}, got {shown(value)}")
    elif isinstance(value, Mapping) and node:
        if "discriminator" in node:
            kinds, tag = node["discriminator"]["mapping"], value.get(node["discriminator"]["propertyName"])
            node = plain({"$ref": kinds[tag]}, schema) if isinstance(tag, str) and tag in kinds else {}
        for key, each in value.items():
            yield from _booleans(each, below(node, key), schema, (*where, key))
    elif isinstance(value, list) and node:
        for index, each in enumerate(value):
            yield from _booleans(each, below(node, index), schema, (*where, index))
