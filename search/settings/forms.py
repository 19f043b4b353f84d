"""The expected form of each setting in words, from the JSON schema of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from search.settings.given import Where

Schema = Mapping[str, Any]

TEXT = "text"
_LABELS = {
    "object": ("dict",),
    "array": ("tuple", "list"),
    "integer": ("int",),
    "number": ("float",),
    "string": ("str",),
}


def at(schema: Schema, loc: Where) -> tuple[Schema, Where]:
    """The schema at pydantic's location `loc`, and the keys as people write them, without those that pydantic adds."""
    node, where = plain(schema, schema), list[str | int]()
    above = node
    for depth, part in enumerate(loc, start=1):
        kinds = node.get("discriminator", {}).get("mapping", {})
        if part == "[key]":  # the last key itself is wrong
            node = plain(above.get("propertyNames", {}), schema)
        elif part in kinds:
            node = plain({"$ref": kinds[part]}, schema)
        elif "anyOf" in node:  # the part names the form that was tried
            either, node = node, _form(node["anyOf"], str(part), schema)
            if depth == len(loc):
                node = either
        else:
            where.append(part)
            above, node = node, plain(below(node, part), schema)
    return node, tuple(where)


def below(node: Schema, part: str | int) -> Schema:
    """The schema at a key or a position; empty if there is none."""
    if isinstance(part, int):
        several = node.get("prefixItems", ())
        found = several[part] if part < len(several) else node.get("items", {})
    else:
        found = node.get("properties", {}).get(part, node.get("additionalProperties", {}))
    return found if isinstance(found, Mapping) else {}


def plain(node: Schema, schema: Schema) -> Schema:
    """The schema without references and without null."""
    while True:
        if "$ref" in node:
            node = {**schema["$defs"][node["$ref"].rpartition("/")[2]], **_described(node)}
        elif len(kinds := [kind for kind in node.get("anyOf", ()) if kind.get("type") != "null"]) == 1:
            node = {**kinds[0], **_described(node)}
        else:
            return {**node, "anyOf": kinds} if kinds else node


def words(node: Schema, schema: Schema) -> str:
    """The expected form: "a whole number from 1 to 9", "stretch or crop", "a list, each a path"."""
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(words(plain(form, schema), schema) for form in node["anyOf"]))
    if "discriminator" in node:
        tag, kinds = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        return f"a group of settings whose {tag} is {alternatives(list(kinds))}"
    if "enum" in node or "const" in node:
        return alternatives([str(value) for value in node.get("enum", [node.get("const")])])
    if node.get("type") == "array":
        return _list_words(node, schema)
    return _group_words(node) if node.get("type") == "object" else _value_words(node)


def _value_words(node: Schema) -> str:
    match node.get("type"):
        case "integer":
            return f"a whole number{_bounds(node)}"
        case "number":
            return f"a number{_bounds(node)}"
        case "boolean":
            return "true or false"
    if "pattern" in node:  # the description is easier to read
        return str(node["description"])
    text = f"{TEXT} that is not empty" if node.get("minLength") else TEXT
    return {"path": "a path", "password": "an address"}.get(node.get("format", ""), text)


def _group_words(node: Schema) -> str:
    if names := list(node.get("properties", ())):
        return f"a group of settings: {', '.join(names[:8])}{', …' if len(names) > 8 else ''}"
    return f"a group of {'one or more ' if node.get('minProperties') else ''}keys and values"


def paths(node: Schema, schema: Schema, where: Where) -> Iterator[Where]:
    """The keys of all settings and groups. NAME stands for any key."""
    node = plain(node, schema)
    for kind in node.get("discriminator", {}).get("mapping", {}).values():
        yield from paths({"$ref": kind}, schema, where)
    parts = {**node.get("properties", {})}
    if isinstance(any_key := node.get("additionalProperties"), Mapping):
        parts["NAME"] = any_key
    for key, each in parts.items():
        yield (*where, key)
        yield from paths(each, schema, (*where, key))


def alternatives(names: list[str]) -> str:
    """The names as "a, b or c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _form(forms: Sequence[Schema], label: str, schema: Schema) -> Schema:
    """The form that pydantic calls `label`."""
    found = [plain(form, schema) for form in forms]
    return next((form for form in found if label.startswith(_LABELS.get(form.get("type", ""), ()))), found[0])


def _described(node: Schema) -> Schema:
    return {"description": node["description"]} if "description" in node else {}


def _list_words(node: Schema, schema: Schema) -> str:
    if several := node.get("prefixItems"):
        return f"a list of {len(several)} values, each {words(plain(several[0], schema), schema)}"
    least = " of at least one value" if node.get("minItems") else ""
    return f"a list{least}, each {words(plain(node.get('items', {}), schema), schema)}"


def _bounds(node: Schema) -> str:
    least, above = node.get("minimum"), node.get("exclusiveMinimum")
    most, under = node.get("maximum"), node.get("exclusiveMaximum")
    low = f" from {_number(least)}" if least is not None else f" above {_number(above)}" if above is not None else ""
    if most is not None:
        return f"{low} {'to' if least is not None else 'and up to'} {_number(most)}"
    return f"{low} and below {_number(under)}" if under is not None else low


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
