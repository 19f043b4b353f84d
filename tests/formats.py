"""Tests of export formats: one whose extra is not installed is skipped, with the line that installs it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from search.models.formats.registry import FORMATS, writing_problems


def where_installed(names: Iterable[str] = FORMATS, *, slow: Iterable[str] = ()) -> list[Any]:
    """These formats as parameters of a test; `slow` are those that take long in this test."""
    slow = set(slow)
    return [pytest.param(name, marks=[_skipped(name), *[pytest.mark.slow] * (name in slow)]) for name in names]


def _skipped(name: str) -> pytest.MarkDecorator:
    problems = writing_problems(name)
    return pytest.mark.skipif(bool(problems), reason="; ".join(problems))
