"""Writes docs/guide/settings.md from the settings themselves: `python scripts/settings_reference.py`.

A setting's meaning is the description of its field.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from search.settings.given import OWN_VARIABLES, PREFIX
from search.settings.recipe import Recipe
from search.settings.search import Settings
from search.settings.spaces import EliminationSpace, Range, ScratchSpace

PAGE = Path(__file__).parent.parent / "docs" / "guide" / "settings.md"
HEADING = """# Settings reference

`python scripts/settings_reference.py` writes this page from the code; see also [Configuration](configuration.md).
"""
TABLES: list[tuple[str, str, type[BaseModel]]] = [
    ("The search", "", Settings),
    ("Data", "data.", type(Settings().data)),
    ("Pruning", "stopping.", type(Settings().stopping)),
    ("A study of cuts", "studies.NAME.", EliminationSpace),
    ("A study of networks from scratch", "studies.NAME.", ScratchSpace),
    ("The training recipe of a study", "studies.NAME.recipe.", Recipe),
]
SIGNS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def type_of(annotation: Any, metadata: list[Any]) -> str:
    """A type in words, with its bounds."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_of(inner[0], [part for each in inner[1:] for part in getattr(each, "metadata", [each])])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in (Union, types.UnionType):
        return " or ".join("none" if part is type(None) else type_of(part, metadata) for part in inner)
    if origin is tuple:
        return f"list: {type_of(inner[0], [])}" if inner[-1] is ... else f"pair: {type_of(inner[0], [])}"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "range" if annotation is Range else "group"
    names = {int: "integer", float: "number", bool: "true or false", str: "text", Path: "path", SecretStr: "text"}
    limits = [(sign, getattr(part, key, None)) for key, sign in SIGNS.items() for part in metadata]
    return " ".join(
        [names[annotation], ", ".join(f"{sign} {n:g}" for sign, n in limits if n is not None and abs(n) < 1e6)]
    ).strip()


def default_of(name: str, field: FieldInfo) -> str:
    if name in ("data", "stopping", "studies", "recipe"):
        return "see the table"
    if field.default_factory is not None:
        return {"name": "the data folder's name", "cache_dir": "`~/.cache/elimnet-search`"}.get(name, "empty")
    value = field.default
    if isinstance(value, Range):
        return f"`{{low: {value.low:g}, high: {value.high:g}{', log: true' if value.log else ''}}}`"
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    return f"`[{', '.join(map(str, value))}]`" if isinstance(value, tuple) else f"`{value}`"


def meaning_of(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"the setting {name} has no description")
    return field.description.replace("<", "&lt;").replace("|", "\\|")


def row(prefix: str, name: str, field: FieldInfo) -> str:
    variable = PREFIX + (prefix + name).replace(".", "__").upper()
    if name.upper() in OWN_VARIABLES:
        variable = name.upper()
    cells = [f"`{prefix}{name}`", type_of(field.annotation, field.metadata), default_of(name, field)]
    return f"| {' | '.join([*cells, meaning_of(name, field), f'`{variable}`'])} |"


def page() -> str:
    head = "| setting | type | default | meaning | environment |\n|---|---|---|---|---|"
    parts = [HEADING]
    for title, prefix, model in TABLES:
        lines = [row(prefix, name, field) for name, field in model.model_fields.items()]
        parts.append("\n".join([f"## {title}", head, *lines]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
