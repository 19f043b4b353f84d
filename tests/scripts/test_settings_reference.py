from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

SCRIPT = Path(__file__).parents[2] / "scripts" / "settings_reference.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_the_page_is_what_the_script_writes(script: dict[str, Any]) -> None:
    fresh = script["page"]()
    assert script["PAGE"].read_text(encoding="utf-8") == fresh, "run python scripts/settings_reference.py"


@pytest.mark.parametrize(
    "line",
    [
        "| `data.fit` | `stretch`, `crop` | `stretch` |",
        "| `data.validation_share` | number above 0, below 0.5 | `0.2` |",
        "| `studies.NAME.image_sizes` | list: integer at least 8, at most 1024 | `[128]` |",
        "| `studies.NAME.learning_rate` | range | `{low: 0.001, high: 0.01, log: true}` |",
        "| `studies.NAME.recipe.ema_decay` | number at least 0, at most 1 or none | none |",
    ],
)
def test_a_setting_has_its_name_type_bounds_and_default(script: dict[str, Any], line: str) -> None:
    assert line in script["page"]()


def test_variables_are_those_that_settings_are_read_from(script: dict[str, Any]) -> None:
    lines = {line.split("`")[1]: line for line in script["page"]().splitlines() if line.startswith("| `")}
    assert lines["data_dir"].endswith("| `DATA_DIR` |")
    assert lines["data.fit"].endswith("| `ELIMNET_DATA__FIT` |")


def test_a_new_setting_is_on_the_page_with_its_description(script: dict[str, Any]) -> None:
    class Group(BaseModel):
        weight: int = Field(3, description="how heavy")
        speed: float = 1.5

    line = script["row"]("group.", "weight", Group.model_fields["weight"])
    assert line == "| `group.weight` | integer | `3` | how heavy | `ELIMNET_GROUP__WEIGHT` |"
    with pytest.raises(ValueError, match="the setting speed has no description"):
        script["row"]("group.", "speed", Group.model_fields["speed"])
