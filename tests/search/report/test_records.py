from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from search.report.records import as_csv, as_json


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_json_says_everything(two_studies: Any) -> None:
    comparison = two_studies.compare()
    document = json.loads(as_json(comparison, comparison.entries), parse_constant=refuse)
    assert document["search"] == "trashnet"
    assert document["f1_macro"] == "validation macro F1"
    assert document["hypervolume"]["joint"] == comparison.hypervolume
    assert document["hypervolume"]["parameter_bounds"] == [1000, 10_000_000]
    assert [study["study"]["name"] for study in document["studies"]] == ["elimination", "scratch"]
    assert document["studies"][0]["study"]["counts"]["failed"] == {"out of memory": 1}
    assert document["studies"][1]["study"]["stopped"]["3"].startswith("stopped at epoch 3 of 12: F1 0.210")
    row = next(row for row in document["rows"] if row["trial"] == 1 and row["study"] == "elimination")
    assert (row["joint_front"], row["study_front"], row["n"], row["parameters"]) == (True, True, 2, 200_000)
    assert row["trials"] == [1, 2]
    assert row["candidate"]["network"]["cut"] == "layer2"


def test_json_holds_the_chosen_rows_alone(two_studies: Any) -> None:
    comparison = two_studies.compare()
    assert len(json.loads(as_json(comparison, comparison.entries[:2]))["rows"]) == 2


def test_what_is_not_finite_is_null(records: Any) -> None:
    records.study("scratch", settings={"limit": math.inf, "list": [math.nan, 1.0]})
    records.trial("scratch", 0.5, candidate={"recipe": {"learning_rate": -math.inf}})
    comparison = records.compare()
    document = json.loads(as_json(comparison, comparison.entries), parse_constant=refuse)
    assert document["studies"][0]["study"]["settings"] == {"limit": None, "list": [None, 1.0]}
    assert document["rows"][0]["candidate"] == {"recipe": {"learning_rate": None}}


def test_csv_has_a_line_a_row_and_survives_any_text(two_studies: Any) -> None:
    comparison = two_studies.compare()
    lines = list(csv.DictReader(io.StringIO(as_csv(comparison.entries))))
    assert len(lines) == len(comparison.entries)
    row = next(line for line in lines if line["parameters"] == "200000")
    assert (row["study"], row["trials"], row["seeds"], row["joint_front"]) == ("elimination", "1 2", "0 1", "True")
    assert float(row["f1_macro"]) == (0.84 + 0.88) / 2
    hostile = next(line for line in lines if line["parameters"] == "300000")
    assert hostile["summary"].startswith("</script><b>&$x$")
    assert hostile["accuracy"] == ""


def test_csv_of_nothing_is_its_heading() -> None:
    assert as_csv([]).count("\n") == 1
