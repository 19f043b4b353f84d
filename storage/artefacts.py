"""Files of trials: checkpoints, models, plots. A file has an id only once it is stored completely."""

from __future__ import annotations

import io
import json
import mimetypes
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from optuna.artifacts import ArtifactMeta, FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import BaseStorage

from storage.errors import ArtefactError


class ArtefactStore(Protocol):
    """The interface of artefact stores in Optuna and its dashboard."""

    def open_reader(self, artifact_id: str) -> BinaryIO: ...

    def write(self, artifact_id: str, content_body: BinaryIO) -> None: ...

    def remove(self, artifact_id: str) -> None: ...


class Artefacts:
    """Artefacts in one store. All methods raise ArtefactError, with the reason, if the store fails.

    where  the address, for messages
    store  the same for Optuna and its dashboard
    """

    def __init__(self, where: str, store: ArtefactStore) -> None:
        self.where = where
        self.store = store

    def save(self, content: bytes | Path, artefact_id: str | None = None) -> str:
        """Store `content`, or the content of a file, and return its id; `artefact_id` names an artefact to replace."""
        artefact_id = artefact_id or str(uuid.uuid4())
        with self._reported("cannot keep an artefact"):
            body: BinaryIO = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
            with body:
                self.store.write(artefact_id, body)
        return artefact_id

    def load(self, artefact_id: str) -> bytes:
        """The content."""
        with self._reported(f"cannot read artefact {artefact_id}"):
            reader = self.store.open_reader(artefact_id)
            try:
                return reader.read()
            finally:
                reader.close()

    def remove(self, artefact_id: str) -> None:
        """Remove the content. It is no error if it is gone already."""
        with self._reported(f"cannot remove artefact {artefact_id}"):
            try:
                self.store.remove(artefact_id)
            except ArtifactNotFound:
                return

    def try_out(self) -> None:
        """Store a few bytes and remove them. Without permission to remove, they stay, under one and the same id."""
        self.save(b"tried out", _TRIED_OUT)
        with suppress(ArtefactError):
            self.remove(_TRIED_OUT)

    @contextmanager
    def _reported(self, what: str) -> Iterator[None]:
        try:
            yield
        except ArtifactNotFound as error:
            raise ArtefactError(f"artefact store {self.where}: {what}: there is no such artefact") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ArtefactError(f"artefact store {self.where}: {what}: {reason}") from error


def attached(storage: BaseStorage, study_id: int, trial_id: int) -> dict[str, str]:
    """{name: id} of the files on a trial's page of the dashboard: see `storage.results.attach_files`."""
    attributes, prefix = storage.get_study_system_attrs(study_id), artefact_key(trial_id, "")
    shown = [json.loads(value) for key, value in attributes.items() if key.startswith(prefix)]
    return {meta["filename"]: meta["artifact_id"] for meta in shown if meta}  # null: deleted


def attached_to_trials(storage: BaseStorage, study_id: int) -> dict[int, dict[str, str]]:
    """{trial id: {name: id}} of all trials of a study that have files, from one read of the study."""
    files: dict[int, dict[str, str]] = {}
    for key, value in storage.get_study_system_attrs(study_id).items():
        if key.startswith(_OF_TRIALS) and (meta := json.loads(value)):  # null: deleted
            trial_id = int(key.removeprefix(_OF_TRIALS).partition(":")[0])
            files.setdefault(trial_id, {})[meta["filename"]] = meta["artifact_id"]
    return files


def artefact_key(trial_id: int, artefact_id: str) -> str:
    """The study's system attribute where the dashboard finds a file of a trial."""
    return f"{_OF_TRIALS}{trial_id}:{artefact_id}"


def artefact_value(artefact_id: str, name: str) -> str:
    """The value of that attribute: a description of the file, as JSON."""
    mimetype, encoding = mimetypes.guess_type(name)
    return json.dumps(asdict(ArtifactMeta(artefact_id, name, mimetype or "application/octet-stream", encoding)))


DELETED = "null"  # the value for a file that is deleted
_TRIED_OUT = "tried-out"
_OF_TRIALS = "dashboard:artifacts:"


def open_artefacts(where: str | Path) -> Artefacts:
    """The store in a folder, which is created, or at s3://BUCKET/PREFIX.

    For S3 the environment names credentials and, for servers other than Amazon's, AWS_ENDPOINT_URL. Raises
    ArtefactError for an address of another kind, a folder that cannot be made, an S3 client that is not installed.
    """
    where = str(where)
    if where.startswith("s3://"):
        return Artefacts(where, _open_s3(where))
    if "://" in where:
        raise ArtefactError(f"artefact store {where}: expected a folder or s3://BUCKET/PREFIX")
    folder = Path(where).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtefactError(
            f"artefact store {where}: cannot make the folder: {error.strerror}; name another"
        ) from error
    return Artefacts(where, AtomicFolder(folder))


class AtomicFolder(FileSystemArtifactStore):
    """Optuna's folder of artefacts, where a file gets its name only once it is complete and on the disk."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write beside, then rename."""
        final = self._get_filepath(artifact_id)
        beside = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
        try:
            with beside.open("wb") as file:
                shutil.copyfileobj(content_body, file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(final)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _synchronise(final.parent)


def _synchronise(folder: Path) -> None:
    """Write a folder's new names to the disk. Windows opens no folders, and does not need this."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_s3(where: str) -> ArtefactStore:
    try:
        from storage.bucket import open_bucket  # noqa: PLC0415  needs an extra: most stores are folders
    except ImportError as error:
        advice = "needs boto3; install it with pip install 'elimnet-search[s3]'"
        raise ArtefactError(f"artefact store {where}: {advice}") from error
    address = urlsplit(where)
    if not address.netloc:
        raise ArtefactError(f"artefact store {where}: no bucket is named; expected s3://BUCKET/PREFIX")
    try:
        return open_bucket(address.netloc, address.path.strip("/"))
    except OSError as error:
        raise ArtefactError(f"artefact store {where}: {error}") from error
