"""YAML for settings: plain values follow YAML 1.2, no key may come twice, and an error is one sentence.

YAML 1.2: https://yaml.org/spec/1.2.2/#103-core-schema. PyYAML follows YAML 1.1, in which `no` is false, `010` is eight,
`12:30` is 750 and `2024-05-01` is a date. Nobody who names a class or a search means that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.error import MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.reader import ReaderError

_TAG = "tag:yaml.org,2002:"
_MOST_MERGED = 10_000  # keys of one mapping; nested anchors multiply them

_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_PLAIN: tuple[tuple[str, str, list[str]], ...] = (  # kind, pattern, first characters
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    ("float", _FLOAT, [*"-+.0123456789"]),
    ("merge", r"<<", ["<"]),
)


class NotYaml(ValueError):
    """The text is not YAML, or not YAML that settings may use. `problems` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def parse(text: str) -> Any:
    """The content of a YAML document. Raises NotYaml, which names the line of each problem."""
    try:
        loader = _Loader(text)
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
    except MarkedYAMLError as error:
        raise NotYaml([_sentence(error)]) from error
    except ReaderError as error:
        raise NotYaml([f"it contains the character {chr(error.character)!r}, which is not allowed in text"]) from error
    except RecursionError as error:
        raise NotYaml(["it is nested too deeply"]) from error
    if loader.repeated:
        raise NotYaml(loader.repeated)
    return content


class _Loader(yaml.SafeLoader):
    """PyYAML's loader, restricted to text, numbers, booleans, null, lists and mappings."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        again = self.check_event(yaml.AliasEvent)
        node: Node | None = super().compose_node(parent, index)
        if again and node is not None and node.end_mark is None:  # it has not ended yet
            raise ComposerError(None, None, "an anchor is used within itself", node.start_mark)
        if isinstance(node, MappingNode) and not again:
            self._find_repeated(node)
        return node

    def _find_repeated(self, node: MappingNode) -> None:
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                continue
            line, name = key.start_mark.line + 1, (key.tag, key.value)
            if name in lines:
                said = f"line {line}: {key.value!r} is given twice, first in line {lines[name]}; keep one of them"
                self.repeated.append(said)
            lines.setdefault(name, line)

    def flatten_mapping(self, node: MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > _MOST_MERGED:
            raise ConstructorError(None, None, "anchors are merged into too many keys", node.start_mark)


def _sentence(error: MarkedYAMLError) -> str:
    """Problem and line of an error, which PyYAML writes over several lines."""
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem or error.context)
    if "'\\t'" in problem:
        problem += "; indent with spaces, not with tabs"
    if "expected a single document" in str(error.context):
        problem = "a second document begins; keep one of them"
    return problem if mark is None else f"line {mark.line + 1}: {problem}"


def _number(convert: Callable[[str], float]) -> Callable[[_Loader, ScalarNode], float]:
    def construct(loader: _Loader, node: ScalarNode) -> float:
        text = str(loader.construct_scalar(node))
        try:
            return convert(text.replace("_", ""))
        except ValueError as error:  # the tag does not fit, or there are more digits than Python reads
            shown = repr(text) if len(text) < 40 else f"{text[:20]}… of {len(text):,} digits"
            raise ConstructorError(None, None, f"{shown} is not a number that can be read", node.start_mark) from error

    return construct


def _int(text: str) -> int:
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _bool(loader: _Loader, node: ScalarNode) -> bool:
    text = str(loader.construct_scalar(node))
    if text.lower() not in ("true", "false"):
        raise ConstructorError(None, None, f"{text!r} is neither true nor false", node.start_mark)
    return text.lower() == "true"


def _refuse(_: _Loader, node: Node) -> None:
    tag = node.tag.replace(_TAG, "!!")
    raise ConstructorError(None, None, f"the tag {tag} is not allowed; write the plain value", node.start_mark)


_Loader.yaml_implicit_resolvers, _Loader.yaml_constructors = {}, {}  # nothing of YAML 1.1
for _kind, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(rf"(?:{_pattern})\Z"), _first)
for _kind, _construct in {
    "null": yaml.SafeLoader.construct_yaml_null,
    "bool": _bool,
    "int": _number(_int),
    "float": _number(_float),
    "str": yaml.SafeLoader.construct_yaml_str,
    "seq": yaml.SafeLoader.construct_yaml_seq,
    "map": yaml.SafeLoader.construct_yaml_map,
}.items():
    _Loader.add_constructor(_TAG + _kind, _construct)
_Loader.add_constructor(None, _refuse)
