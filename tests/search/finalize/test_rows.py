"""What a final evaluation is made of, decided without a database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.errors import BadInput
from search.finalize.asked import SEEDS, Asked
from search.finalize.rows import Found, decide
from tests.search.finalize.test_choice import candidate, trial
from tests.search.report.conftest import Records


@pytest.fixture
def records() -> Records:
    """Two cuts and the full backbone, all on the front."""
    records = Records()
    records.study("elimination")
    trial(records, "elimination", 0.85, 4000, candidate())
    trial(records, "elimination", 0.80, 1000, candidate("layer1.0"))
    trial(records, "elimination", 0.82, 2000, candidate("layer2.0"))
    return records


def test_the_first_time_it_is_the_present_front(records: Records) -> None:
    space, remarks = decide(Asked(), Found(records.compare()), first_seed=7)
    assert {row.name for row in space.rows} == {"elimination-0", "elimination-1", "elimination-2"}
    assert (space.seeds, space.first_seed, space.trained_on, space.scored_on) == (
        SEEDS,
        7,
        "train+validation",
        "test",
    )
    assert remarks == []


def test_the_first_time_says_what_was_read_before(records: Records) -> None:
    _, remarks = decide(Asked(study="second"), Found(records.compare(), read_before=["final (2 trained networks)"]), 0)
    (remark,) = remarks
    assert remark.startswith("warning: the test split has been read for study final (2 trained networks): ")


def test_afterwards_it_is_as_it_was_made_whatever_the_front_is(records: Records) -> None:
    before, _ = decide(Asked(), Found(records.compare()), 0)
    assert decide(Asked(), Found(records.compare(), before), 0) == (before, [])
    trial(records, "elimination", 0.95, 500, candidate("layer1.1"))
    made = Found(records.compare(), before)
    space, (remark,) = decide(Asked(), made, 0)
    assert space == before
    assert remark.startswith("final resumes with the networks that it was created with")
    named, (remark,) = decide(Asked(rows=["elimination-1"]), made, 0)
    assert named == before, "elimination-1 has left the front since"
    assert remark.startswith("final resumes with the networks that it was created with")


@pytest.mark.parametrize(
    ("asked", "flag"),
    [
        (Asked(seeds=1), "--seeds"),
        (Asked(max_parameters=1500), "--max-parameters"),
        (Asked(rows=["elimination-2"]), "--rows"),
    ],
)
def test_nothing_is_added_after_scores_are_known(records: Records, asked: Asked, flag: str) -> None:
    before, _ = decide(Asked(), Found(records.compare()), 0)
    with pytest.raises(BadInput, match="study final was created with other networks") as refusal:
        decide(asked, Found(records.compare(), before), 0)
    assert f"leave out {flag};" in str(refusal.value)
    assert "add --study NAME" in str(refusal.value)
    space, _ = decide(replace(asked, study="second"), Found(records.compare()), 0)
    assert space != before


def test_names_that_there_are_not_are_refused(records: Records) -> None:
    before, _ = decide(Asked(), Found(records.compare()), 0)
    for found in (Found(records.compare()), Found(records.compare(), before)):
        with pytest.raises(BadInput, match="no front member is called 'scratch-9'"):
            decide(Asked(rows=["scratch-9"]), found, 0)
