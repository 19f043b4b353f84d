"""A backup as people make and restore it: of a search with models, between databases of both kinds."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
import yaml

from search import backup, restore
from search.archive import restoring, writing
from search.archive.contents import MANIFEST
from search.archive.reading import opened
from search.errors import BadInput
from search.models.sources import open_source
from search.settings.search import Settings
from storage.artefacts import Artefacts, open_artefacts
from storage.budgets import store_budgets
from storage.claims import claim_trial
from storage.database import Database, connect
from storage.errors import ArtefactError
from storage.leases import Leases
from tests.postgres import PostgresServer
from tests.storage.rows import everything

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.fixture
def made(searched: Path, tmp_path: Path) -> Path:
    """A backup of the small search."""
    file = tmp_path / "tiny.zip"
    backup.main([str(file), "--config", str(searched)])
    return file


@pytest.fixture
def target(tmp_path: Path, searched: Path) -> Callable[..., tuple[list[str], Path]]:
    """Options of a new place, and its folder."""

    def options(url: str | None = None) -> tuple[list[str], Path]:
        folder = tmp_path / f"new{len(list(tmp_path.glob('new*')))}"
        settings = yaml.safe_load(searched.read_text()) | {"output_dir": str(folder)}
        config = tmp_path / f"{folder.name}.yaml"
        config.write_text(yaml.safe_dump(settings))
        return ["--config", str(config), *(["--database-url", url] if url else [])], folder

    return options


def whole(url: str, folder: Path) -> dict[str, int]:
    """All that is there of the search."""
    database = connect(url, create=False)
    rows = everything(database, open_artefacts(folder / "tiny" / "artefacts"))
    database.close()
    return dict(rows)


def test_from_a_file_to_a_server_and_back_nothing_is_lost(
    searched: Path,
    target: Callable[..., tuple[list[str], Path]],
    postgres_server: PostgresServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = tmp_path / "tiny.zip"
    backup.main([str(made), "--config", str(searched)])
    assert "search tiny: 2 studies, 2 trials, 4 epochs and 8 files, " in capsys.readouterr().out
    server = postgres_server.create_database()
    there, there_folder = target(server)
    restore.main([str(made), *there])
    assert "search tiny: 2 studies, 2 trials, 4 epochs and 8 files, restored into post" in capsys.readouterr().out
    back = tmp_path / "back.zip"
    backup.main([str(back), *there])
    here, here_folder = target()
    restore.main([str(back), *here])
    first = whole(str(searched.parent / "runs" / "tiny" / "search.db"), searched.parent / "runs")
    assert whole(server, there_folder) == first
    assert whole(str(here_folder / "tiny" / "search.db"), here_folder) == first
    assert not any("lost" in row for row in first if not row.startswith("elimnet_leases"))  # whose trials have ended
    with opened(made) as one, opened(back) as other:
        assert {"search": "tiny", "missing": ()}.items() <= other.manifest.model_dump().items()
        assert other.manifest.rows == one.manifest.rows


def test_a_restored_model_loads_and_the_name_may_be_another(
    made: Path, target: Callable[..., tuple[list[str], Path]]
) -> None:
    options, folder = target()
    restore.main([str(made), *options, "--name", "copy"])
    settings = Settings.model_validate({"name": "copy", "output_dir": folder})
    assert open_source("scratch/0", settings).description.provenance.study == "tiny/scratch"


def test_without_a_name_the_search_keeps_its_own(made: Path, tmp_path: Path) -> None:
    restore.main([str(made), "--set", f"output_dir={tmp_path / 'runs'}"])
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["tiny"]


def test_a_search_that_exists_is_refused_with_what_to_do(made: Path, searched: Path) -> None:
    store = searched.parent / "runs" / "tiny" / "artefacts"
    before = sorted(path.name for path in store.iterdir())
    with pytest.raises(BadInput, match=r"holds tiny/elimination, tiny/scratch already; give .* with --name, or name"):
        restore.main([str(made), "--config", str(searched)])
    assert sorted(path.name for path in store.iterdir()) == before


def changed(file: Path, change: Callable[[dict[str, bytes]], object], *, list_too: bool = False) -> None:
    """Write the backup again with other members; with `list_too`, its list fits them, as if that was an accident."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        comment = archive.comment
    change(members)
    if list_too:
        listed = json.loads(members[MANIFEST])
        listed["members"] = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in members.items()
            if name != MANIFEST
        }
        members[MANIFEST] = json.dumps(listed).encode()
        comment = hashlib.sha256(members[MANIFEST]).hexdigest().encode()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(name, content)


TRIALS = "rows/trials.jsonl"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda members: members.update({TRIALS: members[TRIALS].replace(b"COMPLETE", b"FAILEDXX")}),
            "another content",
        ),
        (lambda members: members.update({TRIALS: b""}), f"{TRIALS} has another size"),
        (lambda members: members.pop(TRIALS), f"{TRIALS} is missing"),
        (lambda members: members.update({"more.txt": b"more"}), "more.txt is not in its list"),
        (lambda members: members.update({MANIFEST: members[MANIFEST].replace(b"tiny", b"tinx")}), MANIFEST),
        (lambda members: members.pop(MANIFEST), "this is no backup of elimnet backup"),
        (lambda members: members.update({MANIFEST: b"{}"}), "this is no backup of elimnet backup"),
        (lambda members: members.update({MANIFEST: b"no JSON"}), "this is no backup of elimnet backup"),
    ],
)
def test_a_changed_file_is_refused(
    made: Path,
    change: Callable[[dict[str, bytes]], object],
    problem: str,
    target: Callable[..., tuple[list[str], Path]],
) -> None:
    changed(made, change)
    options, folder = target()
    with pytest.raises(BadInput, match="the backup cannot be read") as refused:
        restore.main([str(made), *options])
    assert problem in str(refused.value)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["artefacts/../../x", "artefacts//etc/x", "artefacts/", "artefacts/.."])
def test_names_that_lead_elsewhere_are_refused(
    made: Path, name: str, target: Callable[..., tuple[list[str], Path]]
) -> None:
    changed(made, lambda members: members.update({name: b"x"}), list_too=True)
    options, folder = target()
    with pytest.raises(BadInput, match="is no name of an artefact"):
        restore.main([str(made), *options])
    assert not folder.exists()


@pytest.mark.parametrize("search", ["../../x", "a/b", ""])
def test_a_name_of_a_search_that_leads_elsewhere_is_refused(made: Path, search: str) -> None:
    def rename(members: dict[str, bytes]) -> None:
        members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | {"search": search}).encode()

    changed(made, rename, list_too=True)
    with pytest.raises(BadInput, match="this is no backup"):
        restore.main([str(made)])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_half_written_file_is_refused(
    made: Path, share: float, target: Callable[..., tuple[list[str], Path]]
) -> None:
    content = made.read_bytes()
    made.write_bytes(content[: int(len(content) * share)])
    options, folder = target()
    with pytest.raises(BadInput, match="this is no backup of elimnet backup, or its end is missing"):
        restore.main([str(made), *options])
    assert not folder.exists()


def test_every_changed_byte_is_found_or_harmless(made: Path) -> None:
    """Of a sample: a byte that says nothing, such as one of a date in the zip's own list, may change."""
    content = made.read_bytes()
    with opened(made) as backup_:
        rows, artefacts = backup_.rows(), {id_: backup_.artefact(id_) for id_ in backup_.artefacts}
    for place in range(0, len(content), max(1, len(content) // 300)):
        made.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            with opened(made) as backup_:
                assert backup_.rows() == rows
                assert {id_: backup_.artefact(id_) for id_ in backup_.artefacts} == artefacts
        except BadInput:
            continue


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"elimnet": 99}, "version 99 of tables of this program"),
        ({"optuna": "v0.0"}, "version v0.0 of Optuna's tables"),
        ({"format_version": 2}, "format_version 2, expected 1; restore it with the version of this program"),
    ],
)
def test_another_version_is_refused(
    made: Path, changes: dict[str, object], problem: str, target: Callable[..., tuple[list[str], Path]]
) -> None:
    def renumber(members: dict[str, bytes]) -> None:
        members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | changes).encode()

    changed(made, renumber, list_too=True)
    options, _ = target()
    with pytest.raises(BadInput, match=problem):
        restore.main([str(made), *options])


def test_rows_that_do_not_fit_leave_no_file_in_the_store(
    made: Path, target: Callable[..., tuple[list[str], Path]]
) -> None:
    changed(made, lambda members: members.update({TRIALS: b""}), list_too=True)
    options, folder = target()
    with pytest.raises(BadInput, match=r"its rows are not those that elimnet backup writes .*; nothing was restored"):
        restore.main([str(made), *options])
    assert list((folder / "tiny" / "artefacts").iterdir()) == []
    database = connect(str(folder / "tiny" / "search.db"))
    assert optuna.get_all_study_names(database.optuna) == []
    database.close()


@pytest.mark.parametrize("file", ["no/such.zip", "."])
def test_a_file_that_cannot_be_read(file: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"the backup cannot be read:\n.*; name a file that elimnet backup wrote"):
        restore.main([str(tmp_path / file)])


@pytest.mark.parametrize(("file", "problem"), [("no/x.zip", "there is no folder"), (".", "is a folder; name a file")])
def test_a_file_that_cannot_be_written(file: str, problem: str, searched: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=problem):
        backup.main([str(tmp_path / file), "--config", str(searched)])


def test_a_device_is_no_file(searched: Path) -> None:
    with pytest.raises(BadInput, match="is a pipe or a device; name a file"):
        backup.main([os.devnull, "--config", str(searched)])


def test_a_search_that_is_not_there_writes_nothing(searched: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    with pytest.raises(BadInput, match="no search called 'other'"):
        backup.main([str(file), "--database-url", str(searched.parent / "runs/tiny/search.db"), "--name", "other"])
    assert not file.exists()


def test_without_its_store_nothing_is_written_and_an_earlier_file_stays(searched: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("earlier")
    with pytest.raises(BadInput, match="no such folder; name the store that the workers used"):
        backup.main([str(tmp_path / "x.zip"), "--config", str(searched), "--set", f"artefact_store={tmp_path / 'no'}"])
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]
    assert (tmp_path / "x.zip").read_text() == "earlier"


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Database, Settings]]:
    """A search whose worker has a checkpoint."""
    settings = Settings.model_validate({"name": "busy", "output_dir": tmp_path / "runs"})
    database = connect(settings.database)
    study = optuna.create_study(storage=database.optuna, study_name="busy/scratch", directions=["maximize"] * 2)
    store_budgets(database, {study._study_id: (2, None)})
    lease = claim_trial(database, study._study_id, "worker")
    assert lease
    Leases(database).record_checkpoint(lease, open_artefacts(settings.artefacts).save(b"one"), 1)
    yield database, settings
    database.close()


def test_a_checkpoint_that_is_replaced_meanwhile_is_read_anew(
    busy: tuple[Database, Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, settings = busy
    load, loads = Artefacts.load, list[str]()

    def replaced_first(self: Artefacts, artefact_id: str) -> bytes:
        if not loads:
            study = optuna.load_study(study_name="busy/scratch", storage=database.optuna)
            database.write(lambda connection: connection.exec_driver_sql("UPDATE elimnet_leases SET heartbeat = -1"))
            lease = Leases(database).take_over([study._study_id], "next")
            assert lease
            Leases(database).record_checkpoint(lease, self.save(b"two"), 2)
            self.remove(artefact_id)
        loads.append(artefact_id)
        return load(self, artefact_id)

    monkeypatch.setattr(Artefacts, "load", replaced_first)
    manifest = writing.back_up(settings, tmp_path / "busy.zip")
    assert (len(loads), manifest.missing) == (2, ())
    with opened(tmp_path / "busy.zip") as made_:
        assert [made_.artefact(id_) for id_ in made_.artefacts] == [b"two"]


def test_a_file_that_the_store_lost_is_named(
    busy: tuple[Database, Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, settings = busy
    shutil.rmtree(settings.artefacts)
    open_artefacts(settings.artefacts)
    manifest = writing.back_up(settings, tmp_path / "busy.zip")
    assert (
        f"the artifact store lacks 1 files, so the backup lacks them: {manifest.missing[0]}" in capsys.readouterr().out
    )
    again = settings.model_copy(update={"name": "again"})
    restoring.restore(again, tmp_path / "busy.zip")
    assert "the backup lacks 1 files" in capsys.readouterr().out
    assert database.read(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM studies").scalar()) == 1


def test_a_store_that_fails_midway_restores_nothing(
    made: Path, target: Callable[..., tuple[list[str], Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    save, saved = Artefacts.save, list[str]()

    def fail(self: Artefacts, content: bytes | Path, artefact_id: str | None = None) -> str:
        if len(saved) == 3:
            raise ArtefactError("artefact store: cannot keep an artefact: No space left on device")
        saved.append(save(self, content, artefact_id))
        return saved[-1]

    monkeypatch.setattr(Artefacts, "save", fail)
    options, folder = target()
    with pytest.raises(BadInput, match=r"the backup cannot be restored:\n.*No space left on device"):
        restore.main([str(made), *options])
    assert list((folder / "tiny" / "artefacts").iterdir()) == []
