"""Artefacts in a bucket of S3 or of a compatible server. Needs boto3, so it is imported only when it is used."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from optuna.artifacts import Boto3ArtifactStore


class Bucket(Boto3ArtifactStore):
    """Optuna's store under a prefix. Every failure is an OSError. A bucket stores complete objects only."""

    def __init__(self, name: str, prefix: str, client: object) -> None:
        super().__init__(name, client)
        self._prefix = f"{prefix}/" if prefix else ""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """The content, fetched completely, so that a connection that breaks later does not matter."""
        with _as_os_error():
            return io.BytesIO(super().open_reader(self._prefix + artifact_id).read())

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Upload."""
        with _as_os_error():
            super().write(self._prefix + artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Delete. S3 does not say whether the object existed."""
        with _as_os_error():
            super().remove(self._prefix + artifact_id)


def open_bucket(name: str, prefix: str) -> Bucket:
    """The bucket, with the environment's credentials and AWS_ENDPOINT_URL. It does not contact the server yet."""
    config = Config(
        connect_timeout=10,
        retries={"max_attempts": 5, "mode": "standard"},
        request_checksum_calculation="when_required",  # newer clients add checksums that some servers do not support
    )
    with _as_os_error():
        return Bucket(name, prefix, boto3.client("s3", config=config))


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise OSError(str(error)) from error
