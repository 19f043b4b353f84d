from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from sqlalchemy import Connection, inspect, text

from storage.database import Database, connect, open_engine
from storage.errors import DatabaseLost, DatabaseRefused
from storage.tables import SCHEMA_VERSION
from tests.house import ROOT
from tests.postgres import PostgresServer
from tests.systems import needs_fork, needs_proc, needs_users


def ask(database: Database, query: str) -> Any:
    return database.read(lambda connection: connection.execute(text(query)).scalar())


def test_creates_optunas_tables_and_ours_once(empty_url: str) -> None:
    for _ in range(2):
        database = connect(empty_url)
        made = set(inspect(database.engine).get_table_names())
        assert {"studies", "trials", "elimnet_leases", "elimnet_curves"} <= made
        assert ask(database, "SELECT sum(version) FROM elimnet_schema") == SCHEMA_VERSION
        database.close()


def test_holds_optunas_studies(database: Database) -> None:
    study = optuna.create_study(storage=database.optuna, directions=["maximize", "minimize"], study_name="first")
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=3)
    loaded = optuna.load_study(storage=database.optuna, study_name="first")
    assert [trial.number for trial in loaded.trials] == [0, 1, 2]


def test_other_tools_of_optuna_read_it(database: Database, study: optuna.Study, url: str) -> None:
    storage = optuna.storages.RDBStorage(url.replace("postgresql://", "postgresql+psycopg2://"))
    assert optuna.get_all_study_names(storage) == ["first"]
    storage.engine.dispose()


def test_never_shows_the_password(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    database = connect(postgres_url)
    shown = [repr(database), database.url, repr(database.engine), str(database.engine.url), str(vars(database.optuna))]
    password = database.engine.url.password
    assert password
    assert not any(password in text or "p%40ss" in text for text in [*shown, caplog.text])
    database.close()


@needs_fork
def test_many_processes_may_create_the_tables_at_once(empty_url: str) -> None:
    children = """
import os, sys
from storage.database import connect
shot, start = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        os.close(start)
        os.read(shot, 1)
        connect(sys.argv[1]).close()
        os._exit(0)
os.close(start)
sys.exit(sum(os.wait()[1] for _ in range(4)))
"""
    command = [sys.executable, "-c", children, empty_url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    database = connect(empty_url, create=False)
    assert ask(database, "SELECT count(*) FROM version_info") == 1
    database.close()


def test_threads_may_create_the_tables_at_once(empty_url: str) -> None:
    start = threading.Barrier(4)
    failures: list[Exception] = []

    def create() -> None:
        start.wait()
        try:
            connect(empty_url).close()
        except Exception as error:  # noqa: BLE001  shown below
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_alone_is_one_at_a_time_however_long_it_takes(url: str) -> None:
    inside = 0
    most = 0

    def enter() -> None:
        nonlocal inside, most
        database = connect(url)
        with database.alone():
            inside += 1
            most = max(most, inside)
            time.sleep(0.1)
            inside -= 1
        database.close()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_alone_outlives_the_limits_for_transactions(postgres_url: str) -> None:
    settings = "options=-c%20idle_in_transaction_session_timeout%3D300ms%20-c%20lock_timeout%3D300ms"
    first, second = (connect(f"{postgres_url}?{settings}") for _ in range(2))
    entered = threading.Event()

    def enter() -> None:
        with second.alone():
            entered.set()

    waiting = threading.Thread(target=enter)
    with first.alone():
        waiting.start()
        assert not entered.wait(0.8)
    assert entered.wait(500)
    waiting.join()
    first.close()
    second.close()


def test_asked_to_stop_while_another_process_is_alone(url: str) -> None:
    stop = threading.Event()
    first, second = connect(url), connect(url, stop=stop)
    threading.Timer(0.2, stop.set).start()
    with first.alone(), pytest.raises(DatabaseLost, match="asked to stop"), second.alone():
        pass
    first.close()
    second.close()


def test_goes_on_where_a_killed_process_left_the_tables_half_made(empty_url: str) -> None:
    engine = open_engine(empty_url)
    optuna.storages._rdb.models.StudyModel.__table__.create(engine)
    engine.dispose()
    database = connect(empty_url)
    optuna.create_study(storage=database.optuna, study_name="first")
    assert optuna.get_all_study_names(database.optuna) == ["first"]
    database.close()


def test_reading_makes_nothing(empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseRefused, match=r"run (a search|one) first"):
        connect(empty_url, create=False)
    assert list(tmp_path.iterdir()) == []
    engine = open_engine(empty_url)
    if engine.dialect.name == "postgresql":
        assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_reading_a_database_of_something_else(empty_url: str) -> None:
    engine = open_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE studies (name VARCHAR(10))"))
    engine.dispose()
    with pytest.raises(DatabaseRefused, match="it holds no search; run one first, or correct the address"):
        connect(empty_url, create=False)


@pytest.mark.parametrize(("version", "advice"), [(0, "upgrade them with elimnet init"), (99, "update this program")])
def test_tables_of_another_version(database: Database, url: str, version: int, advice: str) -> None:
    database.write(lambda connection: connection.execute(text(f"UPDATE elimnet_schema SET version = {version}")))
    for create in (True, False):
        with pytest.raises(DatabaseRefused, match=f"have version {version}, expected {SCHEMA_VERSION}; {advice}"):
            connect(url, create=create)


def test_optuna_of_another_version(database: Database, url: str) -> None:
    def make_older(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v2.6.0.a'"))

    database.write(make_older)
    with pytest.raises(DatabaseRefused, match="optuna storage upgrade"):
        connect(url)
    database.write(lambda connection: connection.execute(text("DROP TABLE elimnet_schema")))
    with pytest.raises(DatabaseRefused, match="optuna storage upgrade"):
        connect(url)


def test_postgresql_refuses(postgres_url: str) -> None:
    for wrong, problem in [
        (postgres_url.replace("p%40", "x"), "password authentication failed .* check user and password"),
        (postgres_url.replace("owner", "stranger"), "password authentication failed"),
        (postgres_url + "x", "does not exist; create this database"),
        (postgres_url + "?sslmode=require", "does not support SSL"),
    ]:
        with pytest.raises(DatabaseRefused, match=problem) as refused:
            connect(wrong)
        message = str(refused.value)
        assert message.startswith("database postgresql+psycopg2://")
        assert "\n" not in message
        assert "ss%3A" not in message


def test_a_user_who_may_not_create_tables(postgres_server: PostgresServer) -> None:
    postgres_server.execute("postgres", "DROP ROLE IF EXISTS guest")
    postgres_server.execute("postgres", "CREATE ROLE guest LOGIN PASSWORD 'guest'")
    name = postgres_server.create_database().split("@127")[1]
    with pytest.raises(DatabaseRefused, match="permission denied for schema public; give this user the right"):
        connect(f"postgresql://guest:guest@127{name}")


def test_a_server_that_is_not_there_is_refused_after_the_first_contact() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://me:secret@127.0.0.1:{free.getsockname()[1]}/search"
    with pytest.raises(DatabaseRefused, match="Connection refused; check host and port") as refused:
        connect(url, first_contact_seconds=0.3)
    assert "secret" not in str(refused.value)


def test_asked_to_stop_while_it_waits_for_the_server() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(DatabaseLost):
        connect("postgresql://me:secret@127.0.0.1:1/search", stop=stop)


def test_sqlite_makes_its_folder(tmp_path: Path) -> None:
    connect(str(tmp_path / "runs" / "today" / "search.db")).close()
    assert (tmp_path / "runs" / "today" / "search.db").is_file()


@needs_proc
@pytest.mark.parametrize("path", ["/proc/nowhere/search.db", "/dev/null/search.db"])
def test_sqlite_folder_that_cannot_be_made(path: str) -> None:
    with pytest.raises(DatabaseRefused, match=f"database sqlite:///{path}: .*; name a file in a writable folder"):
        connect(path)


@needs_users
@pytest.mark.parametrize(("mode", "problem"), [(0o555, "its folder is not writable"), (0o000, "Permission denied")])
def test_sqlite_folder_not_writable(mode: int, problem: str) -> None:
    as_nobody = """
import os, sys
from storage.database import connect
from storage.errors import DatabaseRefused
if os.geteuid() == 0:  # who may write anywhere
    os.setuid(65534)
try:
    connect(sys.argv[1])
except DatabaseRefused as error:
    sys.exit(str(error))
"""
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "folder"
        folder.mkdir(mode=mode)
        command = [sys.executable, "-c", as_nobody, str(folder / "search.db")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert done.returncode == 1
    assert f"search.db: {problem}; " in done.stderr


def test_sqlite_address_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DatabaseRefused, match="this is a folder; name a file in it"):
        connect(str(tmp_path))


def test_sqlite_address_of_another_kind_of_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are not the tables you are looking for " * 100)
    for create in (True, False):
        with pytest.raises(DatabaseRefused, match="file is not a database; name another file"):
            connect(str(path), create=create)
    assert path.read_text().startswith("these are not")


def test_sqlite_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    database = connect(str(tmp_path / "search.db"))
    reader = connect(str(tmp_path / "search.db"), create=False)

    def work(connection: Connection) -> float:
        connection.execute(text("UPDATE elimnet_pulse SET seen_at = 1"))
        return float(ask(reader, "SELECT seen_at FROM elimnet_pulse"))

    assert database.write(work) > 1
    database.close()
    reader.close()


def test_a_read_sees_one_moment(database: Database, url: str) -> None:
    other = connect(url)

    def work(connection: Connection) -> list[int]:
        counts = []
        for name in ("first", "second"):
            counts.append(connection.execute(text("SELECT count(*) FROM studies")).scalar_one())
            optuna.create_study(storage=other.optuna, study_name=name)
        return counts

    assert database.read(work) == [0, 0]
    assert ask(database, "SELECT count(*) FROM studies") == 2
    other.close()


def test_reads_cannot_write(postgres_url: str) -> None:
    database = connect(postgres_url, give_up_seconds=0)
    with pytest.raises(DatabaseLost, match="read-only transaction"):
        database.read(lambda connection: connection.execute(text("DELETE FROM elimnet_pulse")))
    database.close()


def test_server_is_told_who_connects_and_to_let_go_of_the_dead(postgres_url: str) -> None:
    database = connect(postgres_url, application_name="elimnet test")

    def settings(connection: Connection) -> list[str]:
        names = ("application_name", "idle_in_transaction_session_timeout", "lock_timeout", "tcp_keepalives_idle")
        return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]

    assert database.read(settings) == ["elimnet test", "1min", "30s", "30"]
    database.close()


def test_what_the_address_says_goes_over_our_settings(postgres_url: str) -> None:
    engine = open_engine(postgres_url + "?application_name=mine&options=-c%20lock_timeout%3D7s")
    with engine.connect() as connection:
        assert connection.execute(text("SHOW application_name")).scalar() == "mine"
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "7s"
    engine.dispose()
