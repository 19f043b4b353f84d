from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from search.settings.search import Settings
from search.study.earlier import data_settings
from storage.database import connect


def search_of(tmp_path: Path, described: dict[str, object] | None, name: str = "mine") -> Settings:
    settings = Settings.model_validate(
        {"name": "mine", "output_dir": tmp_path, "data": {"source": "folder", "path": tmp_path}}
    )
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    database = connect(settings.database)
    study = optuna.create_study(storage=database.optuna, study_name=f"{name}/scratch", directions=["maximize"])
    if described is not None:
        study.set_user_attr("data", described)
    database.close()
    return settings


def test_a_search_of_an_earlier_version_keeps_its_split(tmp_path: Path) -> None:
    settings = search_of(tmp_path, {"fingerprint": "a"})
    assert data_settings(settings).near_copies == "off"


def test_what_a_person_set_stays(tmp_path: Path) -> None:
    settings = search_of(tmp_path, {"fingerprint": "a"})
    asked = settings.model_copy(update={"data": settings.data.model_copy(update={"near_copies": "warn"})})
    assert data_settings(asked).near_copies == "warn"


@pytest.mark.parametrize(
    ("described", "name"),
    [({"fingerprint": "a", "near_copies": "group"}, "mine"), (None, "mine"), ({"fingerprint": "a"}, "other")],
)
def test_a_search_of_this_version_a_half_made_study_and_another_search(
    tmp_path: Path, described: dict[str, object] | None, name: str
) -> None:
    assert data_settings(search_of(tmp_path, described, name)).near_copies == "group"


def test_no_search_yet(tmp_path: Path) -> None:
    settings = Settings.model_validate({"name": "new", "output_dir": tmp_path})
    assert data_settings(settings) == settings.data
    assert list(tmp_path.iterdir()) == []
