from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from storage.address import mask_url, normalise_url
from storage.errors import DatabaseRefused


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_postgresql_means_psycopg2(scheme: str) -> None:
    url = normalise_url(f"{scheme}://me:secret@host:5433/search?sslmode=require")
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.host, url.port, url.database) == ("me", "secret", "host", 5433, "search")
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize("given", ["sqlite:///runs/a.db", "runs/a.db", "sqlite+pysqlite:///runs/a.db"])
def test_sqlite_paths_become_absolute(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = normalise_url(given)
    assert url == URL.create("sqlite", database=str(tmp_path / "runs/a.db"))
    monkeypatch.chdir("/")
    assert normalise_url(url) == url


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert normalise_url("~/a.db").database == "/home/somebody/a.db"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("", "cannot be read"),
        ("   ", "cannot be read"),
        ("postgresql://me:secret@host:port/search", "cannot be read"),
        ("mysql://me:secret@host/search", "cannot use mysql://"),
        ("postgresql+psycopg://me:secret@host/search", "cannot use postgresql+psycopg://"),
        ("postgresql://me:secret@host", "no database is named"),
        ("postgresql://me:half@secret@host/search", "%40"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_refuses_without_telling_the_secret(given: str, problem: str) -> None:
    with pytest.raises(DatabaseRefused, match=problem.replace("+", r"\+")) as refused:
        normalise_url(given)
    error: BaseException | None = refused.value
    while error is not None:
        assert "secret" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_password_in_the_query_is_a_password() -> None:
    url = normalise_url("postgresql://me@host/search?password=secret")
    assert url.password == "secret"
    assert "secret" not in repr(url)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://me:secret@host/search", "postgresql://me:***@host/search"),
        ("postgresql://host/search?password=secret", "postgresql://host/search"),
        ("postgresql://me:half@secret@host/search", "postgresql://***"),
        ("postgresql://me:secret@host:port/search", "(an address that cannot be read)"),
        ("a.db", "sqlite:///a.db"),
    ],
)
def test_masks(given: str, shown: str) -> None:
    assert mask_url(given) == shown


@given(st.text(min_size=1))
def test_no_password_survives_the_mask_and_every_one_survives_the_trip(password: str) -> None:
    url = URL.create("postgresql", "me", password, "host", database="search")
    written = url.render_as_string(hide_password=False)
    assert normalise_url(written).password == password
    assert mask_url(written) == "postgresql://me:***@host/search"
