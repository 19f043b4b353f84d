from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import timm
from filelock import FileLock
from optuna.study import StudyDirection
from optuna.trial import TrialState
from safetensors.torch import save_file

from search.errors import BadInput
from search.settings.search import Settings
from search.settings.spaces import ListedSpace, Range, ScratchSpace
from search.study.checked_spaces import checked_spaces
from search.study.opening import open_listed_studies, open_studies
from search.study.study import DIRECTIONS, OBJECTIVES, WHOLE, OpenStudy
from search.system.hardware import processor
from storage.database import Database, connect
from storage.trials import read_studies
from tests.conftest import LoadSettings, tiny_elimination, tiny_scratch

ROOT = Path(__file__).parents[3]
DATA: dict[str, Any] = {"name": "tiny", "fingerprint": "a" * 64, "fit": "stretch", "classes": ["a", "b", "c"]}

Open = Callable[..., list[OpenStudy]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(str(tmp_path / "search.db"))
    yield opened
    opened.close()


@pytest.fixture
def open_with(database: Database) -> Open:
    """Opens the studies of settings on one and the same database."""

    def open_them(settings: Settings, data: dict[str, Any] = DATA) -> list[OpenStudy]:
        return open_studies(settings, data, database, sampler_seed=0)

    return open_them


@pytest.fixture
def weights_dir(weights_dir: Path) -> Path:
    """With weights of test_resnet and of nothing else."""
    save_file(timm.create_model("test_resnet").state_dict(), weights_dir / "test_resnet.safetensors")
    return weights_dir


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.training.weights.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("search.training.weights.try_to_load_from_cache", lambda *_: None)


def test_creates_both_studies_with_what_they_are_compared_by(
    load_settings: LoadSettings, open_with: Open, database: Database
) -> None:
    first, second = open_with(load_settings(trials=7))
    assert (first.name, first.trials, first.minutes) == ("elimination", 7, None)
    assert first.study.study_name == "tiny/elimination"
    assert first.study.directions == [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE] == DIRECTIONS
    assert first.study.metric_names == ["f1_macro", "parameters"] == list(OBJECTIVES)
    attributes = first.study.user_attrs
    assert attributes["data"] == DATA
    assert attributes["settings"]["trials"] == 7
    assert set(attributes["versions"]) == {"torch", "timm", "optuna", "elimnet-search"}
    whole = timm.create_model("test_resnet", num_classes=3)
    assert attributes["backbones"]["test_resnet"]["parameters"] == sum(p.numel() for p in whole.parameters())
    assert second.study.user_attrs["space"] == "scratch"
    assert "backbones" not in second.study.user_attrs


def test_the_elimination_study_begins_with_the_whole_backbone(load_settings: LoadSettings, open_with: Open) -> None:
    elimination, scratch = open_with(load_settings())
    queued = elimination.study.get_trials(states=(TrialState.WAITING,))
    assert queued[0].system_attrs["fixed_params"]["test_resnet.cut"] == 4
    assert scratch.study.get_trials() == []


def test_opening_again_makes_nothing_new(load_settings: LoadSettings, open_with: Open, database: Database) -> None:
    settings = load_settings()
    before = [study.study._study_id for study in open_with(settings)]
    queued = len(open_with(settings)[0].study.get_trials())
    again = open_with(settings)
    assert [study.study._study_id for study in again] == before
    assert len(again[0].study.get_trials()) == queued
    assert len(read_studies(database)) == 2


def test_budgets_may_change_and_count_at_once(load_settings: LoadSettings, open_with: Open) -> None:
    open_with(load_settings(trials=2))
    assert open_with(load_settings(trials=5))[0].trials == 5
    assert open_with(load_settings(trials=None, minutes=3))[0].minutes == 3
    scratch = open_with(load_settings(studies={"scratch": tiny_scratch(trials=9)}))[0]
    assert (scratch.trials, scratch.minutes) == (9, None)


def test_a_study_that_is_older_than_a_setting_has_its_default(load_settings: LoadSettings, open_with: Open) -> None:
    for opened in open_with(load_settings()):
        settings, space = (dict(opened.study.user_attrs[key]) for key in ("settings", WHOLE))
        older = {name: {**study} for name, study in settings["studies"].items()}
        for stored in (*older.values(), space):
            del stored["dropout"]
        opened.study.set_user_attr("settings", {**settings, "studies": older})
        opened.study.set_user_attr(WHOLE, space)
    for opened in open_with(load_settings()):
        assert not isinstance(opened.space, ListedSpace)
        assert opened.space.dropout == Range(low=0.0, high=0.4)
    studies = {"elimination": tiny_elimination(dropout={"low": 0.1, "high": 0.1})}
    with pytest.raises(BadInput, match="tiny/elimination has a different dropout"):
        open_with(load_settings(studies=studies))


def test_a_study_that_was_stored_with_settings_that_were_removed_goes_on(
    load_settings: LoadSettings, open_with: Open
) -> None:
    for opened in open_with(load_settings()):
        settings, space = (dict(opened.study.user_attrs[key]) for key in ("settings", WHOLE))
        studies = {name: _as_0_1_0_stored_it(study) for name, study in settings["studies"].items()}
        opened.study.set_user_attr("settings", {**settings, "feature_cache_gb": 2.0, "studies": studies})
        opened.study.set_user_attr(WHOLE, _as_0_1_0_stored_it(space))
    assert {opened.name: opened.space for opened in open_with(load_settings())} == load_settings().studies


def test_a_study_of_0_1_0_goes_on_with_its_old_settings_and_another_budget(
    load_settings: LoadSettings, open_with: Open
) -> None:
    former = {"trunk_learning_rate": 0.3, "trunk_decay": 1.0}
    (opened,) = open_with(load_settings(studies={"elimination": tiny_elimination(recipe=former)}))
    settings, space = (dict(opened.study.user_attrs[key]) for key in ("settings", WHOLE))
    for stored in (settings["studies"]["elimination"], space):
        del stored["trainings"], stored["recipe"]["trunk_decay"]
    opened.study.set_user_attr("settings", settings)
    opened.study.set_user_attr(WHOLE, space)
    (again,) = open_with(load_settings(studies={"elimination": tiny_elimination(trials=9, recipe=former)}))
    assert again.trials == 9


def _as_0_1_0_stored_it(space: dict[str, Any]) -> dict[str, Any]:
    return {**space, "distillation": [0.0], "recipe": {**space["recipe"], "frozen_views": None, "distillation": 0.0}}


def test_refuses_other_data_and_another_space_by_name_and_all_at_once(
    load_settings: LoadSettings, open_with: Open, database: Database
) -> None:
    open_with(load_settings())
    studies = {"elimination": tiny_elimination(max_parameters=200_000, uncut=False), "scratch": tiny_scratch()}
    other = {**DATA, "name": "others", "fingerprint": "b" * 64, "fit": "crop"}
    with pytest.raises(BadInput) as refusal:
        open_with(load_settings(studies=studies), other)
    message = str(refusal.value)
    assert "tiny/elimination was created on data tiny aaaaaaaaaaaa, not others bbbbbbbbbbbb" in message
    assert "tiny/scratch was created on data tiny aaaaaaaaaaaa, not others bbbbbbbbbbbb" in message
    assert "tiny/elimination has a different max_parameters, uncut" in message
    assert "tiny/scratch has a different" not in message
    assert "data.fit stretch, not crop" in message
    assert "--name" in message
    assert len(refusal.value.problems) == 5


def test_another_range_of_deep_images_is_other_data(load_settings: LoadSettings, open_with: Open) -> None:
    settings = load_settings()
    open_with(settings, {**DATA, "pixel_range": [0, 4095]})
    open_with(settings, {**DATA, "pixel_range": [0.0, 4095.0]})
    with pytest.raises(BadInput, match=r"tiny/scratch has data.pixel_range 0 to 4,095, not 0 to 65,535; choose a new"):
        open_with(settings, DATA)


def test_all_16_bits_are_what_studies_of_before_had(load_settings: LoadSettings, open_with: Open) -> None:
    open_with(load_settings(), DATA)
    assert len(open_with(load_settings(), {**DATA, "pixel_range": [0, 65535]})) == 2


def test_a_new_study_joins_a_search(load_settings: LoadSettings, open_with: Open) -> None:
    open_with(load_settings(studies={"scratch": tiny_scratch()}))
    both = open_with(load_settings())
    assert [study.study.study_name for study in both] == ["tiny/elimination", "tiny/scratch"]


def test_a_study_that_was_left_half_made_is_completed(
    load_settings: LoadSettings, open_with: Open, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings()
    set_attribute = optuna.Study.set_user_attr

    def die_at_the_last(study: optuna.Study, key: str, value: Any) -> None:
        if key == WHOLE:
            raise KeyboardInterrupt
        set_attribute(study, key, value)

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "set_user_attr", die_at_the_last)
        with pytest.raises(KeyboardInterrupt):
            open_with(settings)
    (half,) = read_studies(database)
    assert WHOLE not in half.attributes
    studies = open_with(settings, {**DATA, "fingerprint": "c" * 64})  # nothing was tried on the first data yet
    assert [WHOLE in study.study.user_attrs for study in studies] == [True, True]
    assert studies[0].study.user_attrs["data"]["fingerprint"] == "c" * 64
    cuts = [trial.system_attrs["fixed_params"]["test_resnet.cut"] for trial in studies[0].study.get_trials()]
    assert len(cuts) == len(set(cuts)) == 1


def test_a_backbone_without_weights_is_left_out_with_one_warning(
    load_settings: LoadSettings, open_with: Open, weights_dir: Path, no_hub: None, caplog: pytest.LogCaptureFixture
) -> None:
    backbones = ["resnet18", "test_resnet", "test_vit3"]
    space = tiny_elimination(backbones=backbones, initial_weights="pretrained")
    settings = load_settings(studies={"elimination": space}, weights_dir=str(weights_dir))
    with caplog.at_level(logging.WARNING):
        (study,) = open_with(settings)
    assert study.space.backbones == ("test_resnet",)  # type: ignore[union-attr]
    (warning,) = caplog.records
    assert f"resnet18, test_vit3: {weights_dir} has no .safetensors or .pth file of its name; " in warning.message
    assert "to include them, put <backbone>.safetensors into a folder and set WEIGHTS_DIR to it" in warning.message
    assert list(study.study.user_attrs["backbones"]) == ["test_resnet"]


def test_the_space_stays_as_it_was_created(
    load_settings: LoadSettings, open_with: Open, weights_dir: Path, no_hub: None, caplog: pytest.LogCaptureFixture
) -> None:
    space = tiny_elimination(backbones=["test_resnet", "test_vit3"], initial_weights="pretrained")
    open_with(load_settings(studies={"elimination": space}, weights_dir=str(weights_dir)))
    save_file(timm.create_model("test_vit3").state_dict(), weights_dir / "test_vit3.safetensors")
    caplog.clear()
    (later,) = open_with(load_settings(studies={"elimination": space}, weights_dir=str(weights_dir)))
    assert later.space.backbones == ("test_resnet",)  # type: ignore[union-attr]
    assert caplog.records == []


def test_no_weights_at_all_are_an_error_that_says_what_to_do(
    load_settings: LoadSettings, open_with: Open, database: Database, no_hub: None, tmp_path: Path
) -> None:
    space = tiny_elimination(backbones=["resnet18", "test_resnet"], initial_weights="pretrained")
    with pytest.raises(BadInput) as refusal:
        open_with(load_settings(studies={"elimination": space, "scratch": tiny_scratch()}))
    assert "WEIGHTS_DIR" in str(refusal.value)
    assert "tf_efficientnet_lite0" in str(refusal.value)
    assert "elimination: resnet18, test_resnet: no weights_dir is set" in str(refusal.value)
    assert read_studies(database) == []


def test_others_need_not_wait_while_weights_are_looked_for(
    load_settings: LoadSettings, open_with: Open, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*arguments: Any) -> Any:
        FileLock(f"{database.engine.url.database}.lock").acquire(timeout=0)
        return checked_spaces(*arguments)

    monkeypatch.setattr("search.study.opening.checked_spaces", look)
    assert len(open_with(load_settings())) == 2


def test_two_processes_at_once_make_one_of_each(write_config: Callable[..., Path], tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import argparse, sys, time
        from pathlib import Path
        from search.settings.search import add_arguments, load
        from search.study.opening import open_studies
        from storage.database import connect
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        settings = load(parser.parse_args(["--config", {str(write_config())!r}]))
        Path(sys.argv[1]).touch()
        while len(list(Path(sys.argv[1]).parent.glob("ready*"))) < 2:
            time.sleep(0.01)
        database = connect({str(tmp_path / "search.db")!r})
        for study in open_studies(settings, {DATA!r}, database, sampler_seed=0):
            print(study.study._study_id, len(study.study.get_trials()))
    """)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / f"ready{number}")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    outputs = [process.communicate(timeout=500) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0] == "1 1\n2 0\n"


def listed(*rows: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """A listed space of uncut backbones, (backbone, initial weights)."""
    listed_rows = [
        {
            "name": f"{backbone}-{weights}",
            "candidate": {
                "network": {
                    "family": "eliminated", "backbone": backbone, "image_size": 32, "classes": 3, "cut": None,
                    "head": {"kind": "original"},
                },
                "initial_weights": weights,
                "recipe": {"epochs": 1},
            },
        }
        for backbone, weights in rows
    ]  # fmt: skip
    return {"space": "listed", "rows": listed_rows, **changes}


def test_a_listed_study_is_queued_whole_and_has_no_other_trial(load_settings: LoadSettings, open_with: Open) -> None:
    space = listed(("test_resnet", "random"), seeds=3)
    (study,) = open_with(load_settings(studies={"mine": space}, trials=100))
    assert (study.trials, study.minutes) == (3, None)
    waiting = study.study.get_trials(states=(TrialState.WAITING,))
    assert [trial.system_attrs["fixed_params"]["repeat"] for trial in waiting] == [0, 1, 2]
    assert study.study.user_attrs["scored_on"] == "validation"
    assert study.study.metric_names == ["f1_macro", "parameters"]


def test_rows_without_weights_are_left_out_with_one_warning(
    load_settings: LoadSettings, open_with: Open, weights_dir: Path, no_hub: None, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [("resnet18", "pretrained"), ("test_resnet", "pretrained"), ("test_vit3", "random")]
    settings = load_settings(studies={"mine": listed(*rows)}, weights_dir=str(weights_dir))
    with caplog.at_level(logging.WARNING):
        (study,) = open_with(settings)
    assert isinstance(study.space, ListedSpace)
    assert [row.name for row in study.space.rows] == ["test_resnet-pretrained", "test_vit3-random"]
    assert study.trials == 2
    (warning,) = caplog.records
    assert "resnet18: " in warning.message
    assert open_with(settings)[0].study._study_id == study.study._study_id, "the same wish is the same study"


def test_a_list_of_which_nothing_has_weights_is_an_error(
    load_settings: LoadSettings, open_with: Open, database: Database, no_hub: None
) -> None:
    with pytest.raises(BadInput, match="WEIGHTS_DIR"):
        open_with(load_settings(studies={"mine": listed(("resnet18", "pretrained"))}))
    assert read_studies(database) == []


def test_a_list_stays_as_it_was_made(load_settings: LoadSettings, open_with: Open) -> None:
    open_with(load_settings(studies={"mine": listed(("test_resnet", "random"))}))
    rows = [("test_resnet", "random"), ("test_vit3", "random")]
    with pytest.raises(BadInput) as refusal:
        open_with(load_settings(studies={"mine": listed(*rows, seeds=2)}))
    (problem,) = refusal.value.problems
    assert "tiny/mine was created with test_resnet-random (1 seed), not test_resnet-random, test_vit3-random" in problem
    assert "--study" in problem


def test_listed_studies_of_other_commands_are_found_and_their_data_compared(
    load_settings: LoadSettings, open_with: Open, database: Database
) -> None:
    scratch = {"scratch": tiny_scratch()}
    open_with(load_settings(studies={"mine": listed(("test_resnet", "random"), seeds=2), **scratch}))
    open_with(load_settings(name="tiny2", studies={"others": listed(("test_resnet", "random"))}))
    settings = load_settings(studies=scratch)
    (found,) = open_listed_studies(settings, DATA, database)
    assert (found.name, found.study.study_name, found.trials) == ("mine", "tiny/mine", 2)
    assert open_listed_studies(load_settings(name="another"), DATA, database) == []
    with pytest.raises(BadInput, match="tiny/mine was created on data tiny aaaaaaaaaaaa, not tiny bbbbbbbbbbbb"):
        open_listed_studies(settings, {**DATA, "fingerprint": "b" * 64}, database)


def test_the_sampler_takes_stopped_trials_for_bad_ones(open_with: Open, load_settings: LoadSettings) -> None:
    """Stopped trials have no values; the infeasible ones have constraints, too."""
    (opened,) = open_with(load_settings(studies={"scratch": tiny_scratch()}))
    study = opened.study
    for number in range(40):
        trial = study.ask()
        width = trial.suggest_categorical("width", [0, 1])
        rate = trial.suggest_float("rate", 0, 1)
        if width or rate > 0.5:
            if number % 3 == 0:
                trial.set_constraint("parameters", 1.0)
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, [1 - rate, 1 + rate])
    late = study.trials[20:]
    complete = sum(trial.state == TrialState.COMPLETE for trial in late)
    assert complete > len(late) / 2, "by chance a quarter"


def test_a_limit_of_latency_holds_where_it_was_made(
    load_settings: LoadSettings, open_with: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(studies={"scratch": tiny_scratch()}, max_latency_ms=5)
    (study,) = open_with(settings)
    assert isinstance(study.space, ScratchSpace)
    assert study.space.max_latency_ms == 5
    assert study.study.user_attrs["latency_machine"] == processor()
    open_with(settings)
    monkeypatch.setattr("search.study.differences.processor", lambda: "Another 3000")
    with pytest.raises(BadInput, match=r"latency limit on the processor .*, and this machine has Another 3000: run"):
        open_with(settings)
