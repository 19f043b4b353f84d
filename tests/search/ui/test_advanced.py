from __future__ import annotations

import json

from pydantic import SecretStr

from search.settings.search import Settings
from search.settings.spaces import EliminationSpace
from search.ui.advanced import Field, advanced


def fields(settings: Settings) -> dict[str, Field]:
    return {field.key: field for group in advanced(settings, {"max_macs"}).values() for field in group}


def test_each_field_is_its_setting_with_meaning_form_and_present_value() -> None:
    found = fields(Settings())
    fit = found["data.fit"]
    assert (fit.value, fit.choices) == ("stretch", ("stretch", "crop"))
    assert fit.meaning == type(Settings().data).model_fields["fit"].description
    assert found["studies.elimination.uncut"].choices == ("true", "false")
    assert found["studies.scratch.recipe.epochs"].form == "a whole number from 1 to 1,000,000"
    assert json.loads(found["studies.elimination.learning_rate"].value) == {"low": 0.001, "high": 0.01, "log": True}
    assert found["studies.scratch.recipe.unknown_weight"].value == "0.0"
    assert set(advanced(Settings(), ())) == {
        "search", "data", "stopping", "studies.elimination", "studies.elimination.recipe", "studies.scratch",
        "studies.scratch.recipe",
    }  # fmt: skip


def test_the_studies_are_those_of_the_search() -> None:
    space = EliminationSpace(backbones=("test_resnet",))
    found = fields(Settings(studies={"mine": space}))
    assert json.loads(found["studies.mine.backbones"].value) == ["test_resnet"]
    assert not any(key.startswith("studies.scratch") for key in found)


def test_no_path_and_no_address_is_offered() -> None:
    found = fields(Settings(database_url=SecretStr("postgresql://me:secret@host/search")))
    assert "secret" not in str(found)
    assert not {key.rpartition(".")[2] for key in found} & {
        "path", "data_dir", "database_url", "output_dir", "corrections", "unknown", "annotations", "weights_dir",
        "cache_dir", "artefact_store", "database_password_file", "max_macs",
    }  # fmt: skip
