"""Whatever pydantic refuses, and why ever, is told in words that are made of what the field expects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, SecretStr, ValidationError

from blocks.specification import Frozen
from search.settings.explained import booleans, explained, shown


class Group(Frozen):
    low: Annotated[float, Field(gt=0, lt=1)] = 0.5
    many: Annotated[tuple[Annotated[int, Field(ge=1, le=9)], ...], Field(min_length=1)] = (1,)


class All(Frozen):
    """A field of every kind, and of the kinds that one field can have."""

    text: Annotated[str, Field(min_length=1)] = "a"
    path: Path | None = None
    secret: SecretStr | None = None
    flag: bool = True
    kind: Literal["a", "b", "c"] = "a"
    number: Annotated[int, Field(ge=0, le=5)] = 0
    pair: tuple[int, int] = (1, 2)
    names: dict[str, Group] = Field(default_factory=dict)
    either: str | dict[Literal["train", "test"], str] = "a"
    both: Literal["auto"] | tuple[float, float] = "auto"
    group: Group = Group()


def said(values: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        All.model_validate(values)
    problems = explained(caught.value, All.model_json_schema())
    return [f"{'.'.join(map(str, problem.where))}: {problem.said}" for problem in problems]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"text": ""}, "text: expected text that is not empty, got ''"),
        ({"text": None}, "text: expected text that is not empty, got nothing"),
        ({"path": 5}, "path: expected a path, got 5"),
        ({"secret": 5}, "secret: expected an address"),
        ({"flag": []}, "flag: expected true or false, got []"),
        ({"kind": "d"}, "kind: expected a, b or c, got 'd'"),
        ({"number": 6}, "number: expected a whole number from 0 to 5, got 6"),
        ({"number": 0.5}, "number: expected a whole number from 0 to 5, got 0.5"),
        ({"number": "9" * 5000}, "number: expected a whole number from 0 to 5, got '999999"),
        ({"number": float("nan")}, "number: expected a whole number from 0 to 5, got nan"),
        ({"number": 10**400}, "number: expected a whole number from 0 to 5, got a number of more than 30 digits"),
        ({"pair": {1}}, "pair.1: missing; expected a whole number"),
        ({"names": {"x": {"low": 1}}}, "names.x.low: expected a number above 0 and below 1, got 1"),
        ({"names": {1: {}}}, "names.1: expected text, got 1; put it in quotes"),
        ({"group": {"many": []}}, "group.many: expected a list of at least one value, each a whole number from 1 to 9"),
        ({"group": {"many": [0]}}, "group.many.0: expected a whole number from 1 to 9, got 0"),
        ({"group": []}, "group: expected a group of settings: low, many, got []"),
        ({"either": 5}, "either: expected text or a group of keys and values, got 5"),
        ({"either": {"trian": "x"}}, "either.trian: expected train or test, got 'trian'"),
        ({"either": {"train": 5}}, "either.train: expected text, got 5; put it in quotes"),
        ({"both": "x"}, "both: expected auto or a list of 2 values, each a number, got 'x'"),
        ({"both": [1, "x"]}, "both.1: expected a number, got 'x'"),
        ({"gruop": {}}, "gruop: no such setting; did you mean group?"),
        ({"many": 1}, "many: no such setting; did you mean names.NAME.many?"),
        ({2: 1}, "2: expected text as a key; put it in quotes"),
    ],
)
def test_one_sentence_for_each_kind_of_problem(values: Any, problem: str) -> None:
    (sentence,) = said(values)
    assert sentence.startswith(problem)


def test_all_problems_are_told() -> None:
    assert len(said({"text": 5, "kind": 5, "pair": 5, "either": 5, "unknown": 5})) == 5


def test_true_is_no_number_wherever_it_stands() -> None:
    values = {"number": True, "pair": [1, False], "names": {"x": {"many": [True]}}, "flag": True, "either": True}
    assert [problem.where for problem in booleans(values, All.model_json_schema)] == [
        ("number",),
        ("pair", 1),
        ("names", "x", "many", 0),
    ]


def test_without_a_truth_no_schema_is_made() -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep, deep]  # two to the 200th, written out
    assert booleans({"a": deep}, lambda: pytest.fail("it takes longer than all else")) == []


def test_a_value_is_shown_in_few_words() -> None:
    assert [shown(value) for value in (None, True, 5, "a b", [1, [2, [3, [4]]]])] == [
        "nothing",
        "true",
        "5",
        "'a b'",
        "[1, [2, [3, [...]]]]",
    ]
    assert len(shown("x" * 10_000)) < 70
    assert len(shown({str(key): "y" * 100 for key in range(1000)})) < 500
