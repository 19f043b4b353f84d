from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from search.errors import BadInput
from search.report.__main__ import main
from tests.house import ROOT


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "DATABASE_PASSWORD_FILE", "DATA_DIR", "SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def url(stored_two_studies: Path) -> str:
    return f"sqlite:///{stored_two_studies}"


def refused(*arguments: str) -> str:
    """What the command says when it ends with status 2."""
    try:
        main(arguments)
    except BadInput as error:
        return str(error)
    raise AssertionError("the command went through")


def test_the_table_of_a_stored_search(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--pareto", "--database", url])
    text = capsys.readouterr().out
    assert "3 of 5 candidates from 6 trials" in text
    assert "0.860 ± 0.028" in text
    assert "failed, elimination: 1 × out of memory" in text


def test_limits_and_all(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--pareto", "--database", url, "--all", "--json", "-", "--min-f1", "0.6", "--max-parameters", "400,000"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["parameters"] for row in rows] == [50_000, 200_000, 400_000]


def test_csv_on_standard_output_is_csv_alone(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--pareto", "--database", url, "--csv", "-"])
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [line["parameters"] for line in lines] == ["50000", "200000", "400000"]


def test_all_files_at_once(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / f"front.{name}" for name in ("json", "csv", "png", "html")}
    main(["--pareto", "--database", url, *(str(part) for name, file in files.items() for part in (f"--{name}", file))])
    assert json.loads(files["json"].read_text())["joint_front_rows"] == 2
    assert files["csv"].read_text().count("\n") == 4
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    page = files["html"].read_text()
    assert "Learning curves" in page
    assert '"y": [0.0, 0.84]' in page
    captured = capsys.readouterr()
    assert "hypervolume" in captured.out
    assert captured.err.count("wrote") == 4


def test_the_address_from_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    main(["--pareto"])
    assert "trashnet" in capsys.readouterr().out


def test_a_configuration_names_search_and_database(
    two_studies: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text(f"name: trashnet\noutput_dir: {tmp_path / 'runs'}\n")
    two_studies.store(f"sqlite:///{tmp_path / 'runs' / 'trashnet' / 'search.db'}")
    main(["--pareto", "--config", "config.yaml"])
    assert "trashnet" in capsys.readouterr().out


def test_a_report_while_a_worker_writes(url: str, stored_two_studies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = sqlite3.connect(stored_two_studies)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM trial_values")
    main(["--pareto", "--database", url])
    writer.rollback()
    writer.close()
    assert "6 trials" in capsys.readouterr().out


def test_the_search_must_be_known(stored_two_studies: Path, tmp_path: Path, records: Any) -> None:
    url = f"sqlite:///{shutil.copy(stored_two_studies, tmp_path)}"
    assert "holds trashnet; choose" in refused("--pareto", "--database", url, "--name", "digits")
    records.study("scratch")
    records.studies[0] = replace(records.studies[0], name="digits/scratch")
    records.store(url)
    assert "holds digits, trashnet; choose one with --name" in refused("--pareto", "--database", url)
    assert "'digits' has no finished trial yet" in refused("--pareto", "--database", url, "--name", "digits")


def test_no_finished_trial_says_what_there_is(records: Any, tmp_path: Path) -> None:
    records.study("scratch")
    records.trial("scratch", state="RUNNING")
    records.trial("scratch", state="FAIL", failure="out of memory")
    records.store(f"sqlite:///{tmp_path / 'search.db'}")
    message = refused("--pareto", "--database", f"sqlite:///{tmp_path / 'search.db'}")
    assert "study scratch: 1 running; 1 failed: out of memory" in message


def test_a_database_without_a_study(records: Any, tmp_path: Path) -> None:
    records.store(f"sqlite:///{tmp_path / 'search.db'}")
    assert "holds no study" in refused("--pareto", "--database", f"sqlite:///{tmp_path / 'search.db'}")


def test_no_database_is_made_by_looking(tmp_path: Path) -> None:
    assert "no such file" in refused("--pareto", "--database", f"sqlite:///{tmp_path / 'none.db'}")
    assert not list(tmp_path.iterdir())


def test_outputs_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    message = refused("--pareto", "--database", "sqlite:///none.db", "--png", "none/front.png", "--html", str(tmp_path))
    assert "--png none/front.png: there is no folder none; create it first" in message
    assert f"--html {tmp_path}: is a folder" in message
    assert "none.db" not in message
    assert "only one of them" in refused("--pareto", "--json", "-", "--csv", "-")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_that_cannot_be_written(url: str) -> None:
    assert "/dev/full" in refused("--pareto", "--database", url, "--csv", "/dev/full")


@pytest.mark.parametrize(
    "arguments",
    [[], ["--pareto", "--min-f1", "90"], ["--pareto", "--min-f1", "nan"], ["--pareto", "--max-parameters", "0"],
     ["--pareto", "--max-parameters", "many"], ["--pareto", "--unknown"]],
)  # fmt: skip
def test_options_that_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("error:") == 1


def test_a_reader_that_has_seen_enough(url: str) -> None:
    """As in `... --csv - | head -1`."""
    command = [sys.executable, "-m", "search.report", "--pareto", "--database", url, "--csv", "-"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.stderr == ""


def test_the_command_itself(url: str) -> None:
    command = [sys.executable, "-m", "search.report", "--pareto", "--database"]
    environment = {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*command, url], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0.860 ? 0.028" in done.stdout
    failed = subprocess.run(
        [*command, "mysql://user:secret@host/db"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: ")
    assert "secret" not in failed.stderr
    assert "Traceback" not in failed.stderr


def test_what_a_table_does_not_need_is_not_imported() -> None:
    code = "import sys, search.report.__main__; print({'torch', 'timm', 'matplotlib', 'plotly'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_each_report_writes_its_own_formats(url: str) -> None:
    assert "--html does not work with --final, which writes json, csv, markdown, latex, png" in refused(
        "--final", "--html", "a.html"
    )
    assert "--latex does not work with --pareto, which writes json, csv, markdown, png, html" in refused(
        "--pareto", "--latex", "a.tex"
    )


def test_mistakes_are_of_final_evaluations_and_go_into_a_folder_of_their_own(tmp_path: Path) -> None:
    message = refused("--pareto", "--mistakes", str(tmp_path / "wrong"))
    assert "--mistakes does not work with --pareto: it shows test images after the final evaluation" in message
    (tmp_path / "notes.txt").touch()
    message = refused("--final", "--mistakes", str(tmp_path), "--html", "a.html")
    assert f"--mistakes {tmp_path}: holds other files (notes.txt); name a new or empty folder" in message
    assert "--html does not work with --final" in message, "all problems at once"


def test_references_alone_are_a_table_and_no_image(
    records: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records.study("controls", space="listed")
    records.trial("controls", 0.5, 2000, row="vgg11_random", seconds=60)
    records.store(f"sqlite:///{tmp_path / 'search.db'}")
    database = f"sqlite:///{tmp_path / 'search.db'}"
    main(["--pareto", "--database", database, "--markdown", "-"])
    assert "| controls | vgg11\\_random | 2,000 |" in capsys.readouterr().out
    main(["--pareto", "--database", database, "--x", "parameters", "--markdown", str(tmp_path / "controls.md")])
    assert "baselines, controls: 1 complete" in capsys.readouterr().out
    assert "vgg11" in (tmp_path / "controls.md").read_text()
    message = refused("--pareto", "--database", database, "--html", "page.html")
    assert "study controls (baselines): 1 complete" in message


def test_nothing_is_final_before_it_was_finalized(url: str) -> None:
    assert "holds no final evaluation trashnet/final; make one with python -m search.finalize" in refused(
        "--final", "--database", url
    )
    assert "no final evaluation trashnet/scratch" in refused("--final", "--database", url, "--study", "scratch")


def test_the_last_lines_say_which_network_to_take(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--pareto", "--database", url, "--within", "0.3"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Rule: the smallest of the Pareto front whose F1 is at most 0.3 below the best."
    assert lines[-3].startswith(
        "Take scratch-0: 50,000 parameters (1.2% of the full backbone), validation macro F1 0.600,"
    )


@pytest.mark.parametrize("within", ["-0.1", "2", "much"])
def test_within_is_a_difference_of_f1(within: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--pareto", f"--within={within}"])
    assert ended.value.code == 2
    assert f"--within: expected a number from 0 to 1, got '{within}'" in capsys.readouterr().err
