"""What a run says of its settings first, and what it keeps of them."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from pathlib import Path

import optuna
import pytest
import yaml
from PIL import Image

from search.settings.search import Settings, add_arguments, load
from search.worker.startup import keep_settings, open_data, open_search, show_settings
from storage.database import connect
from tests.conftest import LoadSettings, WriteConfig, tiny_scratch
from tests.house import ROOT


def test_only_what_differs_from_the_defaults_is_shown(
    load_settings: LoadSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(studies={"scratch": tiny_scratch()})
    show_settings(settings)
    heading, *lines = capsys.readouterr().out.splitlines()
    assert str(settings.run_dir / "settings.yaml") in heading
    shown = yaml.safe_load("\n".join(lines))
    assert Settings.model_validate(shown) == settings
    assert "hang_seconds" not in shown
    assert len(lines) < 20


@pytest.mark.usefixtures("bare_environment")
def test_the_demo_says_in_a_screen_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    show_settings(load(parser.parse_args(["--config", "demo"])))
    assert len(capsys.readouterr().out.splitlines()) <= 24, "all of them are 83 lines"


def test_all_settings_are_kept(load_settings: LoadSettings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    settings = load_settings(studies={"scratch": tiny_scratch()}, database_url=url)
    file = settings.run_dir / "settings.yaml"
    database, _ = open_search(settings, open_data(settings), threading.Event())
    database.close()
    assert not file.exists(), "workers, which open the search as well, have no settings of their own to keep"
    keep_settings(settings)
    kept = yaml.safe_load(file.read_text())
    assert {"database_url", "database_password_file"} & set(kept) == set()
    assert Settings.model_validate(kept) == settings.model_copy(update={"database_url": None})
    assert [path.name for path in settings.run_dir.iterdir()] == ["settings.yaml"]


def test_a_folder_that_cannot_be_made_is_a_warning(
    write_config: WriteConfig, load_settings: LoadSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    keep_settings(load_settings(output_dir=str(tmp_path / "file")))
    assert f"could not write {tmp_path / 'file' / 'tiny' / 'settings.yaml'}: Not a directory" in caplog.text


def test_a_full_disk_leaves_nothing_behind(
    load_settings: LoadSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load_settings()
    keep_settings(settings)
    before = (settings.run_dir / "settings.yaml").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    keep_settings(settings, "final")
    assert "settings-final.yaml: No space left on device" in caplog.text
    assert [(path.name, path.read_bytes()) for path in settings.run_dir.iterdir()] == [("settings.yaml", before)]


LOGGING = """
import logging
from search.system.logs import set_up_logging
set_up_logging()
logging.getLogger("search.worker.loop").warning("one")
logging.getLogger("search.worker.loop").warning("two %s", "words", "too many")
"""


def test_a_line_that_nobody_reads_is_no_error_and_a_bug_is_one() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", LOGGING], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert "BrokenPipeError" not in done.stderr.partition("Exception ignored")[0]
    assert "not all arguments converted" in done.stderr


def test_a_search_of_an_earlier_version_goes_on_with_its_split(tmp_path: Path) -> None:
    """Its studies were described before near copies were looked for."""
    for number in range(8):
        file = tmp_path / "images" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number * 30, 0, 0)).save(file)
    small = {"space": "scratch", "image_sizes": [32]}
    settings = Settings.model_validate(
        {
            "name": "mine",
            "data": {"source": "folder", "path": tmp_path / "images"},
            "output_dir": tmp_path / "runs",
            "cache_dir": tmp_path / "cache",
            "studies": {"scratch": small},
        }
    )
    assert open_data(settings, quiet=True).describe()["near_copies"] == "group"
    settings.run_dir.mkdir(parents=True)
    database = connect(settings.database)
    study = optuna.create_study(storage=database.optuna, study_name="mine/scratch", directions=["maximize"])
    study.set_user_attr("data", {"fingerprint": "a"})
    database.close()
    assert open_data(settings, quiet=True).describe()["near_copies"] == "off"
