from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.artefacts import Artefacts, attached, attached_to_trials, open_artefacts
from storage.errors import ArtefactError
from tests.storage.conftest import attach
from tests.systems import needs_users


class FakeS3(BaseHTTPRequestHandler):
    """As much of S3 as a client needs to put, get and delete small objects; a bucket called full takes none."""

    objects: ClassVar[dict[str, bytes]] = {}

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/full/"):
            return self.answer(507, b"<Error><Code>QuotaExceeded</Code><Message>the bucket is full</Message></Error>")
        self.objects[self.path] = body
        return self.answer(200)

    def do_GET(self) -> None:
        if self.path in self.objects:
            return self.answer(200, self.objects[self.path])
        return self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")

    def do_DELETE(self) -> None:
        self.objects.pop(self.path, None)
        self.answer(204)

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeS3]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeS3)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    FakeS3.objects = {}
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield FakeS3
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["folder", "s3"])
def artefacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artefacts:
    """An empty store of each kind."""
    if request.param == "folder":
        return open_artefacts(tmp_path / "artefacts")
    request.getfixturevalue("s3")
    return open_artefacts("s3://bucket/runs/today")


def test_keeps_bytes_and_files(artefacts: Artefacts, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"\x00weights" * 100_000)
    first, second, third = artefacts.save(b""), artefacts.save(b"state"), artefacts.save(tmp_path / "model")
    assert len({first, second, third}) == 3
    assert artefacts.load(first) == b""
    assert artefacts.load(second) == b"state"
    assert artefacts.load(third) == b"\x00weights" * 100_000


def test_replaces_what_is_named(artefacts: Artefacts) -> None:
    artefact_id = artefacts.save(b"old")
    assert artefacts.save(b"new", artefact_id) == artefact_id
    assert artefacts.load(artefact_id) == b"new"


def test_forgets(artefacts: Artefacts) -> None:
    artefact_id = artefacts.save(b"state")
    artefacts.remove(artefact_id)
    artefacts.remove(artefact_id)
    with pytest.raises(ArtefactError, match=f"cannot read artefact {artefact_id}: there is no such artefact"):
        artefacts.load(artefact_id)


def test_a_file_that_is_not_there(artefacts: Artefacts, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="No such file or directory"):
        artefacts.save(tmp_path / "missing")


def test_a_prefix_is_a_folder_of_the_bucket(s3: type[FakeS3]) -> None:
    first = open_artefacts("s3://bucket/runs/today/").save(b"state")
    second = open_artefacts("s3://bucket").save(b"state")
    assert set(s3.objects) == {f"/bucket/runs/today/{first}", f"/bucket/{second}"}


def test_a_full_bucket(s3: type[FakeS3]) -> None:
    with pytest.raises(ArtefactError, match=r"artefact store s3://full/runs: cannot keep an artefact: .*full"):
        open_artefacts("s3://full/runs").save(b"state")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits the size of files")
    artefacts = open_artefacts(tmp_path)
    before = artefacts.save(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        for artefact_id in (None, before):
            with pytest.raises(
                ArtefactError, match=f"artefact store {tmp_path}: cannot keep an artefact: File too large"
            ):
                artefacts.save(b"x" * 5000, artefact_id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == [before]
    assert artefacts.load(before) == b"old"


def test_a_system_that_opens_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    artefacts = open_artefacts(tmp_path)
    monkeypatch.delattr(os, "O_DIRECTORY", raising=False)
    monkeypatch.setattr(os, "open", refuse)
    assert artefacts.load(artefacts.save(b"state")) == b"state"


def test_a_lost_folder(tmp_path: Path) -> None:
    artefacts = open_artefacts(tmp_path / "artefacts")
    artefact_id = artefacts.save(b"state")
    (tmp_path / "artefacts").rename(tmp_path / "elsewhere")
    with pytest.raises(ArtefactError, match="cannot keep an artefact: No such file or directory"):
        artefacts.save(b"state")
    with pytest.raises(ArtefactError, match="there is no such artefact"):
        artefacts.load(artefact_id)


@given(st.sampled_from(["/etc/passwd", "../outside", "a/../../outside"]))
def test_ids_do_not_lead_out_of_the_folder(artefact_id: str) -> None:
    artefacts = open_artefacts("/tmp")
    with pytest.raises(ArtefactError, match="Invalid artifact_id"):
        artefacts.load(artefact_id)
    with pytest.raises(ArtefactError, match="Invalid artifact_id"):
        artefacts.save(b"state", artefact_id)


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("gs://bucket", "expected a folder or s3://BUCKET/PREFIX"),
        ("s3://", "no bucket is named"),
        pytest.param("/dev/null/artefacts", "cannot make the folder: Not a directory; name another", marks=needs_users),
    ],
)
def test_refuses_other_addresses(where: str, problem: str) -> None:
    with pytest.raises(ArtefactError, match=f"artefact store {where}: {problem}"):
        open_artefacts(where)


def test_s3_without_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "storage.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ArtefactError, match=r"needs boto3; install it with pip install 'elimnet-search\[s3\]'"):
        open_artefacts("s3://bucket")


def test_readers_of_a_replaced_file_see_the_old_or_the_new_one(tmp_path: Path) -> None:
    artefacts = open_artefacts(tmp_path)
    artefact_id = artefacts.save(b"a" * 100_000)
    seen: set[bytes] = set()
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.add(artefacts.load(artefact_id))

    reader = threading.Thread(target=read)
    reader.start()
    for letter in (b"b", b"a") * 50:
        artefacts.save(letter * 100_000, artefact_id)
    over.set()
    reader.join()
    assert seen <= {b"a" * 100_000, b"b" * 100_000}


def test_the_files_of_all_trials_are_those_of_each(study: optuna.Study, tmp_path: Path) -> None:
    artefacts, storage, study_id = open_artefacts(tmp_path / "artefacts"), study._storage, study._study_id
    card, image = tmp_path / "card.md", tmp_path / "confusion.png"
    for file in (card, image):
        file.write_text("content")
    trials = [study.ask()._trial_id for _ in range(12)]  # ids of which some begin as others do
    for trial_id in trials[::2]:
        attach(artefacts, study, card, trial_id)
    attach(artefacts, study, image, trials[0])
    deleted = attach(artefacts, study, card, trials[1])
    storage.set_study_system_attr(study_id, f"dashboard:artifacts:{trials[1]}:{deleted}", "null")
    found = attached_to_trials(storage, study_id)
    assert found == {trial_id: attached(storage, study_id, trial_id) for trial_id in trials[::2]}
    assert found[trials[0]].keys() == {"card.md", "confusion.png"}


@pytest.mark.parametrize("artefact_id", ["../secret", "a/../../secret", "/etc/hostname"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, artefact_id: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    artefacts = open_artefacts(tmp_path / "store")
    for act in (artefacts.load, artefacts.remove, lambda each: artefacts.save(b"changed", each)):
        with pytest.raises(ArtefactError, match=f"Invalid artifact_id: {artefact_id}"):
            act(artefact_id)
    assert (tmp_path / "secret").read_bytes() == b"secret"
