from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.status import main
from search.errors import BadInput
from tests.postgres import PostgresServer
from tests.search.report.conftest import Records


@pytest.fixture
def database(tmp_path: Path) -> Path:
    records = Records()
    records.study("scratch")
    records.trial("scratch", 0.5, 2000, candidate=records.scratch(), candidate_key="scratch")
    records.store(f"sqlite:///{tmp_path / 'search.db'}")
    return tmp_path / "search.db"


def test_both_databases_are_timed(
    database: Path, postgres_server: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres_server.create_database()
    main(["--database", str(database), "--database-url", url, "--trials", "5", "--repeats", "1"])
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.endswith("; 5 trials")
    assert [line.split()[0] for line in lines] == ["sqlite"] * 4 + ["postgresql"] * 4
    assert all(" s (" in line for line in lines)
    assert [line.split()[1:3] for line in lines].count(["a", "scrape"]) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"expected a file that `python -m search.run` created"):
        main(["--database", str(tmp_path / "no.db")])
