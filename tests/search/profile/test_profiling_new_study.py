"""What a depth profile does to a study that is made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from blocks.anatomy import Cut, anatomy
from search.data.dataset import open_dataset
from search.errors import Interrupted
from search.settings.search import Settings
from search.statistics.cut_ranking import ProfiledCut, ranked
from search.study.opening import open_studies
from search.study.study import OpenStudy
from search.worker.startup import open_search
from storage.database import connect
from storage.trials import read_studies
from tests.conftest import SIDE, LoadSettings, tiny_elimination

Open = Callable[..., OpenStudy]
DEPTH = {cut.module: depth for depth, cut in enumerate(anatomy("test_resnet", SIDE).cuts)}


@pytest.fixture
def changed(load_settings: LoadSettings, blind_top: Path) -> Callable[..., Settings]:
    """Settings of one study on a backbone whose last stage is blind, with its space changed."""

    def change(**changes: Any) -> Settings:
        space = tiny_elimination(**{"initial_weights": "pretrained", **changes})
        return load_settings(studies={"elimination": space}, weights_dir=str(blind_top), trials=20)

    return change


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens the one study of the settings as a run does."""
    databases = []

    def open_one(settings: Settings, stop: threading.Event | None = None) -> OpenStudy:
        dataset = open_dataset(settings.data, settings.cache_dir, progress=False)
        database, (study,) = open_search(settings, dataset, stop or threading.Event())
        databases.append(database)
        return study

    yield open_one
    for database in databases:
        database.close()


def queued(study: OpenStudy) -> list[int]:
    """Depths of the cuts that wait to be tried."""
    waiting = study.study.get_trials(states=(TrialState.WAITING,))
    return [trial.system_attrs["fixed_params"]["test_resnet.cut"] for trial in waiting]


def test_it_keeps_the_profile_and_begins_with_its_best_cuts(
    changed: Callable[..., Settings], opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    study = opened(changed())
    stored = study.study.user_attrs["depth_profile"]
    assert {cut["module"] for cut in stored} == set(DEPTH)
    assert stored[0]["f1_macro"] == 1
    assert [cut["module"] for cut in stored if cut["recommended"]] == ["layer1.0"]
    assert queued(study) == [DEPTH["layer1.0"], DEPTH[None]]  # the cheapest first
    printed = capsys.readouterr().out
    assert "depth profile of test_resnet at 32 px" in printed
    assert "layer1.0" in printed
    assert "layer2.0" not in printed


def test_what_would_not_be_trained_is_not_tried_first(changed: Callable[..., Settings]) -> None:
    first, second, third, *_ = anatomy("test_resnet", SIDE).cuts
    settings = changed(max_parameters=third.parameters, max_macs=second.macs + 10**6)

    def probed(cut: Cut, f1_macro: float) -> ProfiledCut:
        parameters, macs = cut.parameters + 100, cut.macs + 100
        return ProfiledCut("test_resnet", cut.module, cut.stage, SIDE, parameters, macs, f1_macro, 0.0)

    profile = ranked([probed(cut, f1_macro) for cut, f1_macro in ((first, 0.6), (second, 0.7), (third, 0.9))])
    data = {"name": "tiny", "fingerprint": "a" * 64, "fit": "stretch", "classes": ["a", "b", "c"]}
    with closing(connect(settings.database)) as database:
        (study,) = open_studies(settings, data, database, sampler_seed=0, profiler=lambda _: profile)
        assert queued(study) == [DEPTH[first.module], DEPTH[second.module], 3]


def test_it_is_profiled_once(
    changed: Callable[..., Settings], opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    before = opened(changed()).study.user_attrs["depth_profile"]
    capsys.readouterr()
    again = opened(changed())
    assert again.study.user_attrs["depth_profile"] == before
    assert len(queued(again)) == 2
    assert "depth profile" not in capsys.readouterr().out


@pytest.mark.parametrize("changes", [{"profile": False}, {"initial_weights": "random"}])
def test_without_a_profile_it_begins_with_the_ends_of_the_stages(
    changed: Callable[..., Settings], opened: Open, changes: dict[str, Any]
) -> None:
    study = opened(changed(**changes))
    assert "depth_profile" not in study.study.user_attrs
    stage_ends = [cut for cut in reversed(anatomy("test_resnet", SIDE).cuts) if cut.stage_end]
    assert queued(study) == [DEPTH[cut.module] for cut in sorted(stage_ends, key=lambda cut: cut.macs)]


def test_whether_there_was_a_profile_does_not_matter_later(changed: Callable[..., Settings], opened: Open) -> None:
    opened(changed())
    assert len(queued(opened(changed(profile=False)))) == 2


def test_an_interrupted_profile_leaves_no_study_behind(changed: Callable[..., Settings], opened: Open) -> None:
    settings = changed()
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        opened(settings, stop)
    with closing(connect(settings.database)) as database:
        assert read_studies(database) == []
