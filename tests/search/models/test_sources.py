from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import optuna
import pytest
import torch
from optuna.trial import TrialState

from search.errors import BadInput
from search.models.description import WEIGHTS_FILE
from search.models.sources import KeptModel, Source, choose, kept_models, open_source
from search.settings.search import Settings
from storage.database import connect
from storage.trials import StudyRecord, TrialRecord


@pytest.mark.parametrize("where", ["scratch/0", "tiny/scratch/0", "scratch/#0", "tiny/scratch #0", "scratch-0"])
def test_a_trial_gives_the_model_that_was_kept(settings: Settings, where: str) -> None:
    source = open_source(where, settings)
    assert source.name == "scratch/0"
    assert (source.description.provenance.study, source.description.provenance.trial) == ("tiny/scratch", 0)
    assert source.description.classes == ("class0", "class1", "class2")
    assert not source.network.training
    assert source.trial_id is not None
    assert source.settings["data"]["source"] == "folder"


def test_the_only_search_of_a_database_needs_no_name(settings: Settings) -> None:
    nameless = Settings(
        database_url=settings.database, artefact_store=settings.artefacts, output_dir=settings.output_dir
    )
    assert open_source("elimination/0", nameless).description.provenance.study == "tiny/elimination"


def test_a_folder_gives_its_model(source: Source, model_folder: Path, settings: Settings) -> None:
    found = open_source(str(model_folder), settings)
    assert (found.trial_id, found.description) == (None, source.description)
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(found.network(images), source.network(images))


def test_each_study_is_looked_at_once_however_many_trials_it_has(settings: Settings, tmp_path: Path) -> None:
    elsewhere = settings.model_copy(update={"output_dir": tmp_path})
    with closing(connect(elsewhere.database)) as database:
        for name in ("tiny/elimination", "tiny/scratch"):
            study = optuna.create_study(storage=database.optuna, study_name=name, directions=["maximize", "minimize"])
            for _ in range(5):
                study.ask()
        with patch.object(
            database.optuna, "get_study_system_attrs", wraps=database.optuna.get_study_system_attrs
        ) as look:
            assert kept_models(database, elsewhere) == []
    assert look.call_count == 2


def refused(where: str, settings: Settings) -> str:
    with pytest.raises(BadInput) as caught:
        open_source(where, settings)
    return str(caught.value)


def test_an_unknown_trial_is_refused_with_the_names_of_those_there_are(settings: Settings) -> None:
    message = refused("scratch/17", settings)
    assert "trial scratch/17 has no saved model" in message
    assert "available: elimination/0, scratch/0" in message


def test_a_number_that_two_studies_have_is_asked_about(settings: Settings) -> None:
    assert "0 may be elimination/0 or scratch/0; name the study" in refused("0", settings)


def kept(study: str, number: int, **attributes: object) -> KeptModel:
    record = StudyRecord(1, f"tiny/{study}", (), None, {})
    trial = TrialRecord(record.name, number, number, TrialState.COMPLETE, (0.5, 100.0), attributes, None, None)
    return KeptModel(record, trial, {})


LISTED = [
    kept("elimination", 0),
    kept("final", 1, row="elimination-0", seed=4),
    kept("final", 2, row="elimination-0", seed=3),
    kept("final", 3, row="control", seed=3),
    kept("baselines", 0, row="control", seed=0),
]


@pytest.mark.parametrize("where", ["final/elimination-0", "tiny/final/elimination-0"])
def test_a_row_is_its_trial_of_the_first_seed(where: str) -> None:
    assert choose(LISTED, where).name == "final/2"
    assert choose(LISTED, "baselines/control").name == "baselines/0"


def test_a_row_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput) as caught:
        choose(LISTED, "final/elimination0")
    message = str(caught.value)
    assert "trial final/elimination0 has no saved model" in message
    assert "available: elimination/0, final/elimination-0, final/control, baselines/control" in message


def test_what_is_neither_folder_nor_trial(settings: Settings) -> None:
    assert "nix: no such folder, and not the name of a trial; expected" in refused("nix", settings)
    assert "out/model.onx is not a folder, either; expected a model's folder, or" in refused("out/model.onx", settings)


def test_a_search_without_any_model(settings: Settings, tmp_path: Path) -> None:
    elsewhere = settings.model_copy(update={"output_dir": tmp_path})
    with closing(connect(elsewhere.database)) as database:
        study = optuna.create_study(
            storage=database.optuna, study_name="tiny/scratch", directions=["maximize", "minimize"]
        )
        study.tell(study.ask(), [0.5, 1000])
    message = refused("0", elsewhere)
    assert "no trial of the search has a saved model" in message
    assert "models are saved only for trials that were on their study's Pareto front when they finished" in message


def test_a_search_of_another_name(settings: Settings) -> None:
    other = settings.model_copy(update={"name": "other", "database_url": None, "output_dir": settings.output_dir})
    message = refused("0", other)
    assert "there is no such file" in message
    assert f"; there are {settings.run_dir / 'search.db'}" in message
    here = Settings(name="other", database_url=settings.database)
    message = refused("0", here)
    assert "no search called 'other'" in message
    assert "holds tiny; choose one with --name" in message


def test_a_store_that_is_elsewhere(settings: Settings, tmp_path: Path) -> None:
    away = settings.model_copy(update={"artefact_store": str(tmp_path / "away")})
    assert "no such folder; name the store that the workers used with ARTEFACT_STORE" in refused("scratch/0", away)
    assert not (tmp_path / "away").exists()
    (tmp_path / "away").mkdir()
    assert "the model of scratch/0 cannot be fetched" in refused("scratch/0", away)


def test_a_model_that_is_damaged_in_the_store(settings: Settings, source: Source, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(settings.artefacts, store)
    for file in store.iterdir():
        content = file.read_bytes()
        if b"__metadata__" not in content[:100] and content[8:9] == b"{" and len(content) > 1000:
            file.write_bytes(content[:-100])
    assert "not a whole safetensors file" in refused(
        "scratch/0", settings.model_copy(update={"artefact_store": str(store)})
    )


def test_a_folder_without_its_weights(settings: Settings, model_folder: Path) -> None:
    (model_folder / WEIGHTS_FILE).unlink()
    assert f"{WEIGHTS_FILE}: no such file" in refused(str(model_folder), settings)
