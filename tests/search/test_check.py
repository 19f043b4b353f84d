"""`python -m search.check`: what would run is said to, all that would not is named, and nothing is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.check import main
from search.errors import BadInput
from search.run import main as run
from tests.conftest import WriteConfig, tiny_scratch
from tests.systems import needs_users

SCRATCH = {"scratch": tiny_scratch()}


def test_before_the_first_run_and_after_it(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", str(write_config(trials=1))]
    before = sorted(tmp_path.rglob("*"))
    main(config)
    said = capsys.readouterr().out
    assert "runs/tiny/search.db is new; its tables would be created" in said
    assert all(f"{study}: " in said for study in ("elimination", "scratch"))
    assert said.endswith("ok: nothing was written\n")
    assert sorted(tmp_path.rglob("*")) == before
    assert run(config) == 0
    main(config)
    assert "search.db holds 2 studies" in capsys.readouterr().out


@needs_users
def test_what_could_not_be_written_is_named(write_config: WriteConfig, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir(mode=0o500)
    places = {"output_dir": "file", "cache_dir": "file/cache", "artefact_store": "closed/store"}
    config = write_config(**{name: str(tmp_path / place) for name, place in places.items()}, studies=SCRATCH)
    with pytest.raises(BadInput) as caught:
        main(["--config", str(config), "--database-url", f"sqlite:///{tmp_path / 'search.db'}"])
    said = [f"output_dir {tmp_path}/file/tiny: {tmp_path}/file is not a folder; name another folder"]
    said += [f"cache_dir {tmp_path}/file/cache: {tmp_path}/file is not a folder; name another folder"]
    if os.getuid() != 0:  # to whom nothing is closed
        said += [
            f"artefact_store {tmp_path}/closed/store: no write permission for {tmp_path}/closed; name another folder"
        ]
    assert caught.value.problems == said
    for address, problem in {"s3://": "no bucket is named", "ftp://a/b": "expected a folder or s3://"}.items():
        with pytest.raises(BadInput, match=f"artefact store {address}: {problem}"):
            main(["--config", str(write_config(artefact_store=address, studies=SCRATCH))])


def test_all_that_would_not_run_is_named(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config(data={"source": "folder", "path": str(tmp_path / "nowhere")})
    with pytest.raises(BadInput) as caught:
        main(["--config", str(config), "--database-url", f"sqlite:///{tmp_path}"])
    assert str(caught.value).startswith("this search would not run")
    database, data = caught.value.problems
    assert "this is a folder; name a file in it" in database
    assert f"{tmp_path / 'nowhere'} does not exist" in data
    assert "name it with --data-dir, data.path in the settings or DATA_DIR in the environment" in data


def test_unknown_images_are_told_and_tried(
    write_config: WriteConfig, images: Path, unknown_images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"source": "folder", "path": str(images), "unknown": str(unknown_images)}
    studies = {"scratch": tiny_scratch(recipe={"unknown_weight": 1.0})}
    main(["--config", str(write_config(data=data, studies=studies))])
    said = capsys.readouterr().out
    assert "unknown images, of no class: 12 train, 4 validation, 4 test" in said
    assert said.endswith("ok: nothing was written\n")
