from __future__ import annotations

import pytest
from pydantic import ValidationError

from search.settings.data import DataSettings, column_of


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (r"(pupil", "expected a regular expression, but missing )"),
        (r"pupil\d+", "expected a regular expression with one group, as in"),
        (r"(a)(b)", "it has 2"),
        ("", "at least 1 character"),
    ],
)
def test_groups_that_are_no_pattern_with_one_group(groups: str, said: str) -> None:
    with pytest.raises(ValidationError, match="groups") as caught:
        DataSettings.model_validate({"groups": groups})
    assert said in str(caught.value)


def test_a_name_without_brackets_is_a_column() -> None:
    assert column_of(DataSettings(groups="pupil id")) == "pupil id"
    assert column_of(DataSettings(groups=r"(?P<group>pupil\d+)")) is None
    assert column_of(DataSettings()) is None
