from __future__ import annotations

import argparse
import json
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from benchmarks.race import CONFIG, Race, describe, main, settings_of
from search.errors import BadInput
from search.settings.search import add_arguments, load
from storage.database import connect
from tests.conftest import LoadSettings, WriteConfig


@pytest.mark.walks
def test_both_search_at_once_and_only_ours_begins_with_a_queue(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for minutes in (0.8, 3.0):  # on a busy machine the shorter time may not be enough for a trial
        output = tmp_path / f"race-{minutes}"
        options = ["--config", str(write_config()), "--minutes", str(minutes), "--seeds", "1", "--output", str(output)]
        main([*options, "--json", str(output / "race.json"), "--png", str(output / "race.png")])
        founding, ours = json.loads((output / "race.json").read_text())
        if founding["trials"] and ours["trials"]:
            break
    assert (founding["contestant"], ours["contestant"]) == ("founding", "ours")
    for each in (founding, ours):
        assert each["trials"] == len(each["steps"]) > 0
        assert all(0 < seconds <= minutes * 60 for seconds, _ in each["steps"])
    assert (output / "race.png").stat().st_size > 0
    for contestant, queued in (("founding", False), ("ours", True)):
        storage = connect(f"sqlite:///{output / f'{contestant}-0' / 'search.db'}").optuna
        studies = [
            optuna.load_study(study_name=study, storage=storage) for study in optuna.get_all_study_names(storage)
        ]
        complete = [trial for study in studies for trial in study.trials if trial.state == TrialState.COMPLETE]
        assert any("fixed_params" in trial.system_attrs for trial in complete) == queued
    capsys.readouterr()
    main(options)
    said = capsys.readouterr().out
    main(options)
    assert capsys.readouterr().out == said, "what was run is read"


def test_the_race_has_settings_of_its_own() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    settings = load(parser.parse_args(["--config", str(CONFIG)]))
    assert settings.name == "race"
    assert {space.image_sizes for space in settings.studies.values()} == {(64,)}


def test_what_the_founding_way_goes_without(load_settings: LoadSettings) -> None:
    settings = load_settings()
    assert settings_of("ours", settings) == []
    changed = ["stopping.enabled=false", "proposals=1", "studies.elimination.trainings=[alone]"]
    assert settings_of("founding", settings)[1::2] == changed


def test_the_table_has_the_spread_over_seeds() -> None:
    races = [
        Race(name, seed, 10.0, 2, ((60.0, 0.1), (400.0, height)))
        for name, heights in (("founding", (0.2, 0.3)), ("ours", (0.5, 0.5)))
        for seed, height in enumerate(heights)
    ]
    first, *lines = describe(races).splitlines()
    assert first.split() == ["after", "founding", "ours"]
    assert "2.5 min" in lines[0]
    assert lines[0].count("0.1000 ± 0.0000 (n 2)") == 2
    assert "0.2500 ± 0.0707 (n 2)" in lines[3]
    assert "0.5000 ± 0.0000 (n 2)" in lines[3]


def test_the_table_says_when_ours_had_what_the_other_had_in_the_end() -> None:
    founding = [Race("founding", seed, 10.0, 1, ((300.0, 0.4),)) for seed in range(2)]
    ours = [
        Race("ours", 0, 10.0, 3, ((30.0, 0.39), (66.0, 0.4), (90.0, 0.5))),
        Race("ours", 1, 10.0, 1, ((30.0, 0.39),)),
    ]
    last = describe([*founding, *ours]).splitlines()[-1]
    assert last == f"ours reached the other's last hypervolume after {66 / 60:.1f}, – min (one per seed)"


def test_bad_arguments_are_named_together() -> None:
    with pytest.raises(BadInput) as refused:
        main(["--minutes", "0", "--seeds", "0"])
    assert len(refused.value.problems) == 2
