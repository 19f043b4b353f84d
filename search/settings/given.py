"""The sources of settings: options, environment variables, secret files and a YAML file."""

from __future__ import annotations

import argparse
import os
import shlex
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from search.errors import did_you_mean
from search.settings.options import OPTIONS, option
from search.settings.plain_yaml import NotYaml, parse
from search.settings.shipped import config_path, not_there

Where = tuple[str | int, ...]
"""A setting, as the keys that lead to it."""

PREFIX = "ELIMNET_"
OWN_VARIABLES = ("DATA_DIR", "DATABASE_URL", "DATABASE_PASSWORD_FILE", "ARTEFACT_STORE", "CACHE_DIR", "WEIGHTS_DIR")
"""Settings whose environment variable, or secret file, has the name of the setting without a prefix."""

TYPED = "--set"

MOST_BYTES = 1_000_000
"""Size limit of a settings file. A list of a hundred networks has a tenth of it."""


class Given:
    """Settings of one source.

    labels    how each setting was given, for messages
    problems  messages about what could not be read
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.labels: dict[Where, str] = {}
        self.problems: list[str] = []

    def put(self, keys: tuple[str, ...], value: Any, label: str) -> None:
        """Add the value of a setting, or of a part of it."""
        group = self.values
        for depth, key in enumerate(keys[:-1], start=1):
            below = group.setdefault(key, {})
            if not isinstance(below, dict):
                above = ".".join(keys[:depth])
                self.problems.append(
                    f"{said_as(label, keys)}: {above} is also given as one value; give only one of the two"
                )
                return
            group = below
        group[keys[-1]] = value
        self.labels[keys] = label

    def label(self, where: Where) -> tuple[str, Where] | None:
        """How a setting was given, and the keys that were given; None if this source does not give it."""
        matches = [keys for keys in self.labels if keys[: len(where)] == where[: len(keys)]]
        return (self.labels[matches[-1]], matches[-1]) if matches and self._holds(where) else None

    def _holds(self, where: Where) -> bool:
        value: Any = self.values
        for key in where:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return False
        return True


def said_as(label: str, where: Where) -> str:
    """How a setting was given, with its keys if the label does not name them."""
    return f"{label} {dotted(where)}".lstrip() if label in (TYPED, "") else label


def dotted(where: Where) -> str:
    """The keys joined by dots, with positions in a list in brackets."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).removeprefix(".")


def from_options(arguments: argparse.Namespace) -> Given:
    """Settings from options and from `--set`. The last `--set` of a setting counts."""
    given = Given()
    for name in OPTIONS:
        if name != "config" and (value := getattr(arguments, name, None)) is not None:
            given.put((name,), value, option(name))
    for item in getattr(arguments, "set", ()):
        key, equals, text = item.partition("=")
        keys = tuple(key.split("."))
        if not equals or not all(keys):
            given.problems.append(f"--set {item}: expected KEY=VALUE, for example --set data.fit=crop")
            continue
        try:
            given.put(keys, parse(text), TYPED)
        except NotYaml as error:
            given.problems += [f"--set {key}: the value is not YAML: {problem}" for problem in error.problems]
    return given


def from_environment(fields: Iterable[str]) -> Given:
    """Settings from ELIMNET_<SETTING>, ELIMNET_<GROUP>__<SETTING> and OWN_VARIABLES. Empty variables do not count."""
    given = Given()
    for name, text in sorted(os.environ.items()):  # a group before its parts
        keys = _keys(name, fields)
        if keys and text:
            _put_text(given, keys, text, f"environment variable {name}")
        elif keys is None and name.upper().startswith(PREFIX):
            given.problems.append(f"environment variable {name}: no such setting{_instead(name.upper(), fields)}")
    return given


def from_secrets(fields: Iterable[str]) -> Given:
    """Settings from files in SECRETS_DIR or /run/secrets. A file has the name of a variable, in any case."""
    given = Given()
    folder = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:  # the folder is missing or cannot be read
        return given
    for path in files:
        if keys := _keys(path.name, fields):
            try:
                text = _text(path).strip()
            except ValueError as error:
                given.problems.append(f"secret file {path}: {error}")
                continue
            if text:
                _put_text(given, keys, text, f"secret file {path}")
    return given


def from_file(arguments: argparse.Namespace) -> tuple[Given, Path | None]:
    """Settings from the file that `--config` names, and its path. These settings have no label."""
    given = Given()
    if (option_value := getattr(arguments, "config", None)) is None:
        return given, None
    config = str(option_value)
    path = config_path(config)
    label = f"--config {shlex.quote(config)}"
    try:
        content = parse(_text(path))
    except FileNotFoundError:
        given.problems.append(f"{label}: {not_there(config)}")
    except NotYaml as error:
        given.problems += [f"{label}: not YAML: {problem}" for problem in error.problems]
    except ValueError as error:
        given.problems.append(f"{label}: {error}")
    else:
        if isinstance(content, dict):
            given.values = {key.lower() if key in OWN_VARIABLES else key: value for key, value in content.items()}
        elif content is not None:
            given.problems.append(
                f"{label}: expected keys and values, for example `trials: 20`, got a {_kind(content)}"
            )
    return given, path


def merged(below: Mapping[Any, Any], above: Mapping[Any, Any]) -> dict[Any, Any]:
    """Both groups merged key by key. If a key has a value in both, and not both are groups, `above` counts."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        result[key] = merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return result


def _keys(name: str, fields: Iterable[str]) -> tuple[str, ...] | None:
    """The setting that a variable or secret file sets, if it sets any."""
    if name.upper() in OWN_VARIABLES:
        return (name.lower(),)
    keys = tuple(name.lower().removeprefix(PREFIX.lower()).split("__"))
    if not name.upper().startswith(PREFIX) or keys[0] not in fields or keys[0].upper() in OWN_VARIABLES:
        return None
    return keys if all(keys) else None


def _instead(variable: str, fields: Iterable[str]) -> str:
    root = variable.partition("__")[0]
    if (own := root.removeprefix(PREFIX)) in OWN_VARIABLES:
        return f"; the variable is called {own}"
    return did_you_mean(root, [PREFIX + field.upper() for field in fields])


def _put_text(given: Given, keys: tuple[str, ...], text: str, label: str) -> None:
    """Add a variable's text as the value. Text that begins like a list or a group is parsed as YAML."""
    try:
        given.put(keys, parse(text) if text.lstrip()[:1] in ("[", "{") else text, label)
    except NotYaml as error:
        given.problems += [f"{label}: the value is not YAML: {problem}" for problem in error.problems]


def _text(path: Path) -> str:
    """The content of a small text file. Raises FileNotFoundError, or ValueError with another reason."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ValueError(f"expected a file, got a {'folder' if stat.S_ISDIR(mode) else 'pipe or device'}")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{error.strerror}; name a readable file") from error
    if len(content) > MOST_BYTES:
        raise ValueError(f"expected a file of at most {MOST_BYTES:,} bytes, and this file is larger")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"expected UTF-8 text, and byte {error.start:,} is not UTF-8") from error


def _kind(content: object) -> str:
    return "list" if isinstance(content, list) else "single value"
