"""Values mean what they look like, and what is no YAML of settings is refused in a sentence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from search.settings.plain_yaml import NotYaml, parse
from tests.house import ROOT


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("{yes: on, off: y}", {"yes": "on", "off": "y"}),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("12:30", "12:30"),
        ("2024-05-01", "2024-05-01"),
        ("2024-13-45", "2024-13-45"),
        ("1e6", 1_000_000.0),
        ("1.5E-3", 0.0015),
        ("-.5", -0.5),
        ("1_000", 1000),
        ("+5", 5),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("[true, False, TRUE]", [True, False, True]),
        ("[~, null, Null, '']", [None, None, None, ""]),
        ("", None),
        ("'5'", "5"),
        ("=", "="),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a: &x {b: 1}\nc: &y {<<: *x, b: 3}\nd: {<<: *y}", {"a": {"b": 1}, "c": {"b": 3}, "d": {"b": 3}}),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    assert parse(text) == value
    assert repr(parse(text)) == repr(value), "1 is not True, and 10 is not 10.0"


def test_not_a_number_is_read() -> None:
    assert math.isnan(parse(".NaN"))


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_files_mean_what_they_meant(path: Path) -> None:
    assert parse(path.read_text()) == yaml.safe_load(path.read_text())


LAUGHS = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: 'a' is given twice, first in line 1; keep one of them"),
        ("a: {b: 1, 'b': 2}", "line 1: 'b' is given twice, first in line 1; keep one of them"),
        (
            "a: 1\n\tb: 2",
            "line 2: found character '\\t' that cannot start any token; indent with spaces, not with tabs",
        ),
        ("!!python/object:os.system x", "line 1: the tag !!python/object:os.system is not allowed"),
        ("a: !!set {b}", "line 1: the tag !!set is not allowed; write the plain value"),
        ("!mine x", "line 1: the tag !mine is not allowed"),
        ("!!int five", "line 1: 'five' is not a number that can be read"),
        ("!!bool maybe", "line 1: 'maybe' is neither true nor false"),
        ("9" * 5000, "line 1: 99999999999999999999… of 5,000 digits is not a number that can be read"),
        ("[1", "line 1: expected ',' or ']'"),
        ("a: 1\n---\nb: 2", "line 2: a second document begins; keep one of them"),
        ("a: &x [*x]", "line 1: an anchor is used within itself"),
        ("a: &x {b: {c: *x}}", "line 1: an anchor is used within itself"),
        ("*x", "line 1: found undefined alias 'x'"),
        ("? [a]\n: 1", "line 1: found unhashable key"),
        ("a: \x00", "it contains the character '\\x00', which is not allowed in text"),
        ("[" * 5000, "it is nested too deeply"),
        (LAUGHS, "anchors are merged into too many keys"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(NotYaml) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert said in problem
    assert "\n" not in problem


def test_all_repeated_keys_are_named() -> None:
    with pytest.raises(NotYaml) as caught:
        parse("a: 1\na: 2\nb: {c: 1, c: 2}")
    assert sorted(problem.partition(" is")[0] for problem in caught.value.problems) == ["line 2: 'a'", "line 3: 'c'"]


def test_an_anchor_that_is_used_often_repeats_no_key() -> None:
    assert parse("a: &x {b: 1}\nc: [*x, *x]\nd: *x") == {"a": {"b": 1}, "c": [{"b": 1}] * 2, "d": {"b": 1}}
