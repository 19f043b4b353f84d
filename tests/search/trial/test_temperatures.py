from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from search.trial.temperatures import from_search
from storage.database import connect
from tests.search.report.conftest import Records


def test_temperatures_are_of_the_search_and_never_of_a_final_evaluation(tmp_path: Path) -> None:
    records = Records()
    records.study("scratch")
    records.study("final", scored_on="test")
    for temperature in (0.5, 2.0):
        records.trial("scratch", 0.5, candidate_key="a", temperature=temperature)
    records.trial("scratch", 0.5, candidate_key="older")
    records.trial("scratch", 0.5, candidate_key="damaged", temperature="hot")
    records.trial("final", 0.5, candidate_key="tested", temperature=9.0)
    url = f"sqlite:///{tmp_path / 'search.db'}"
    records.store(url)
    with closing(connect(url)) as database:
        assert from_search(database, "trashnet/final").temperatures == {"a": pytest.approx((0.5 * 2) ** 0.5)}
        assert from_search(database, "other/final").temperatures == {}


def test_thresholds_are_of_the_search_alone_too(tmp_path: Path) -> None:
    records = Records()
    records.study("scratch")
    records.study("final", scored_on="test")
    for threshold in (0.5, 0.7, None):
        records.trial("scratch", 0.5, candidate_key="a", validation_unknown={"images": 9, "threshold": threshold})
    records.trial("scratch", 0.5, candidate_key="without")
    records.trial("final", 0.5, candidate_key="tested", validation_unknown={"threshold": 0.9})
    url = f"sqlite:///{tmp_path / 'search.db'}"
    records.store(url)
    with closing(connect(url)) as database:
        assert from_search(database, "trashnet/final").thresholds == {"a": pytest.approx(0.6)}
