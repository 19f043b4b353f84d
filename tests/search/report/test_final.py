from __future__ import annotations

import base64
import csv
import dataclasses
import io
import zlib
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState
from PIL import Image

from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.models.answers import pack
from search.models.final_scores import ANSWERS, CALIBRATION, READ_AT, TEST_UNKNOWN
from search.models.latency.runs import LatencyRun, Machine, Measurement
from search.report import final_formats, final_tables
from search.report.final import Final, final_of
from search.report.reliability import png
from search.report.text_table import Table
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.spaces import ListedRow, ListedSpace
from search.statistics.calibration import calibration
from search.statistics.separation import Separation
from storage.trials import TrialRecord
from tests.search.report.conftest import DATA, START, Records
from tests.search.spaces.test_listed import row

LABELS = np.array([0] * 10 + [1] * 10)
CLASSES = ["glass", "paper_&_card"]


def answers(wrong: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Right but for the first `wrong` images of each class."""
    predictions = LABELS.copy()
    predictions[:wrong] = 1
    predictions[10 : 10 + wrong] = 0
    return predictions


def scored(name: str, seed: int, wrong: int, *, labels: Any = LABELS, parameters: int = 1000) -> TrialRecord:
    """A trial whose macro F1, accuracy and F1 of either class are all (10 - wrong) / 10."""
    score = (10 - wrong) / 10
    number = {"small": 0, "uncut": 10, "scratch": 20}[name] + seed
    attributes = {
        "row": name, "seed": seed, "parameters": parameters, "macs": 50_000, "layers": 4, "device": "CPU",
        READ_AT: "2026-11-01T12:00:00+00:00", "test_f1_macro": score, "test_accuracy": score,
        "test_f1_per_class": [score, score],
        ANSWERS: {"labels": pack(labels), "predictions": pack(answers(wrong))},
    }  # fmt: skip
    values = (score, float(parameters))
    return TrialRecord("trashnet/final", number, number, TrialState.COMPLETE, values, attributes, START, START)


def compared(name: str, epochs: int, **others: str) -> ListedRow:
    return row(name, epochs).model_copy(update={"compared_with": others, "words": f"{name} network"})


SPACE = ListedSpace(
    rows=(
        compared("small", 1, uncut="uncut", scratch="scratch"),
        compared("uncut", 2, scratch="scratch"),
        compared("scratch", 3, uncut="uncut"),
    ),
    seeds=3,
    trained_on="train+validation",
    scored_on="test",
)
TRIALS = [
    *(scored("small", seed, wrong) for seed, wrong in enumerate((1, 2, 3))),
    *(scored("uncut", seed, wrong, parameters=4000) for seed, wrong in enumerate((1, 1, 1))),
    scored("scratch", 0, 5, parameters=2000),
]


def summarise(trials: list[TrialRecord] = TRIALS, latencies: Any = None) -> Final:
    records = Records()
    records.study("scratch")
    for f1_macro, accuracy in ((0.6, 0.7), (0.8, 0.9)):
        candidate = SPACE.rows[0].candidate.model_dump(mode="json")
        records.trial("scratch", f1_macro, candidate=candidate, candidate_key="a", accuracy=accuracy, validation_loss=1)
    curves = {0: [{"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": 1.0, "train_f1_macro": 0.5}]}
    attributes = {"data": {**DATA, "classes": CLASSES}, "versions": {"torch": "2.12.1"}}
    return final_of("trashnet/final", attributes, SPACE, trials, records.search(), curves, latencies or {})


def test_means_over_seeds_with_their_intervals() -> None:
    small, scratch, uncut = summarise().rows
    assert [small.name, scratch.name, uncut.name] == ["small", "scratch", "uncut"], "by parameters"
    assert small.seeds == (0, 1, 2)
    assert small.f1.mean == pytest.approx((0.9 + 0.8 + 0.7) / 3)
    half = 4.30265 * 0.1 / 3**0.5  # Student's t at 97.5 % with 2 degrees of freedom, s = 0.1
    assert small.f1.half_width == pytest.approx(half, abs=1e-6)
    assert [interval.mean for interval in small.f1_per_class] == pytest.approx([0.8, 0.8])
    assert small.accuracy.mean == pytest.approx(0.8)
    assert small.f1_images.mean == small.f1.mean
    assert small.f1_images.low < 0.8 < small.f1_images.high
    assert uncut.f1.half_width == 0
    assert scratch.f1.n == 1


def test_differences_are_paired_by_seed_and_image() -> None:
    small, scratch, uncut = summarise().rows
    difference = small.differences["uncut"]
    assert difference.other == "uncut"
    assert difference.over_images.mean == pytest.approx(((0.9 - 0.9) + (0.8 - 0.9) + (0.7 - 0.9)) / 3)
    # The first seeds answer alike, and the others are wrong wherever uncut is: no draw can favour `small`.
    assert difference.over_images.high <= 0
    assert difference.over_seeds.mean == difference.over_images.mean
    assert small.differences["scratch"].over_images.mean == pytest.approx(0.9 - 0.5), "the one seed that both have"
    assert small.differences["scratch"].over_seeds.n == 1
    assert set(uncut.differences) == {"scratch"}
    assert set(scratch.differences) == {"uncut"}


def test_training_and_validation_scores_are_those_of_the_same_network() -> None:
    small, scratch, _ = summarise().rows
    assert (small.train.loss, small.train.f1_macro, small.train.n) == (1.0, 0.5, 1), "of the last epoch"
    assert (small.validation.f1_macro, small.validation.accuracy, small.validation.n) == pytest.approx((0.7, 0.8, 2))
    assert (scratch.validation.f1_macro, scratch.validation.n) == (None, 0)


def test_what_is_missing_is_said_with_its_reason() -> None:
    attributes = {"row": "scratch", "seed": 1, "failure": "no memory"}
    failed = TrialRecord("trashnet/final", 30, 30, TrialState.FAIL, None, attributes, START, START)
    final = summarise([*TRIALS, failed])
    assert final.missing == ("scratch seed 1: no memory", "scratch seed 2: not finished")
    assert "missing: scratch seed 1: no memory" in final_formats.as_text(final)


def test_images_are_the_same_however_they_were_packed() -> None:
    fast = base64.b64encode(zlib.compress(LABELS.astype("<u2").tobytes(), 1)).decode()
    trial = scored("scratch", 1, 0)
    assert fast != trial.attributes[ANSWERS]["labels"]
    repacked = {**trial.attributes[ANSWERS], "labels": fast}
    trials = [*TRIALS, dataclasses.replace(trial, attributes={**trial.attributes, ANSWERS: repacked})]
    assert summarise(trials).test_pictures == len(LABELS)


def test_nothing_and_different_test_images_are_refused() -> None:
    with pytest.raises(BadInput, match="has no result yet"):
        summarise([])
    with pytest.raises(BadInput, match="different test images"):
        summarise([*TRIALS, scored("scratch", 1, 0, labels=LABELS[::-1])])


def latency() -> dict[str, Any]:
    measured = [
        Measurement(runtime="onnxruntime", device="cpu", batch=1, threads=1, median_ms=0.8125, p90_ms=1, runs=10),
        Measurement(runtime="pytorch", device="cuda", batch=1, threads=None, median_ms=2.5, p90_ms=3, runs=10),
    ]
    run = LatencyRun(
        machine=Machine(processor="Some processor", cores=2, gpu="Some GPU"), versions={"torch": "2.12.1"},
        measured_at="2026-11-01T12:00:00+00:00", image_size=32, model_mb=1.0, latency_ms=0.8125, test_pictures=20,
        whole_test_set_seconds={"cpu": 0.5}, measurements=tuple(measured),
    )  # fmt: skip
    return run.model_dump(mode="json")


def cells(table: Table, network: str) -> dict[str, str]:
    (found,) = [line for line in table.body if line[0] == network]
    return dict(zip(table.headings, found, strict=True))


def test_the_four_tables() -> None:
    scores, parameters, layers, times, calibrations, sure, differences, classes = final_tables.tables(
        summarise(latencies={1: [latency()]})
    )
    assert cells(scores, "small")["test F1"] == "0.800 ± 0.248"  # 4.30265 * 0.1 / √3
    assert cells(scores, "small")["val. F1"] == "0.700"
    assert cells(scores, "scratch")["test F1"] == "0.500"
    assert cells(parameters, "small")["share"] == "25%"  # 1000 of the uncut network's 4000
    assert cells(layers, "uncut") == {"network": "uncut", "layers": "4", "share": "100%"}
    assert "Test set: time for all of its images, calculated from the median of a batch of 32" in times.note
    assert times.title == "Inference times: Some processor, 2 cores, Some GPU; torch 2.12.1"
    assert list(cells(times, "small").values()) == ["small", "0.812", "2.5", "0.5", "not measured"]
    assert set(list(cells(times, "uncut").values())[1:]) == {"not measured"}
    assert [line[-1] for line in differences.body if line[0] == "small"] == ["no", "—"]
    assert classes.headings == ("network", *CLASSES)
    assert cells(calibrations, "small")["ECE after"] == "not measured"
    assert cells(sure, "small")["right from 0.8"] == "not measured"


def calibrated(trial: TrialRecord, temperature: float) -> TrialRecord:
    sure, unsure = np.array([[0.95, 0.05]] * 20), np.array([[0.75, 0.25]] * 20)
    labels = np.array([0] * 15 + [1] * 5)
    parts = {name: dataclasses.asdict(calibration(p, labels)) for name, p in (("before", sure), ("after", unsure))}
    return dataclasses.replace(
        trial, attributes={**trial.attributes, CALIBRATION: {"temperature": temperature, **parts}}
    )


def test_the_calibration_on_test_is_a_table_and_a_picture() -> None:
    trials = [calibrated(trial, 1.5) if trial.attributes["row"] == "small" else trial for trial in TRIALS]
    final = summarise(trials)
    table, sure = final_tables.tables(final)[-4:-2]
    assert list(cells(sure, "small").values()) == ["small", "100%", "75%", "0%", "—", "0%", "—"]  # all have 0.75
    assert list(cells(table, "small").values()) == ["small", "1.50", "0.200", "0.000", "3"]  # 0.95 - 0.75
    line = next(csv.DictReader(io.StringIO(final_formats.as_csv(final))))
    assert float(line["test_ece_before"]) == pytest.approx(0.2)
    assert float(line["test_ece_after"]) == pytest.approx(0)
    with Image.open(io.BytesIO(png(final))) as image:
        assert image.format == "PNG"
    with pytest.raises(BadInput, match="no network of trashnet/final has a temperature"):
        png(summarise())


def test_markdown_latex_and_csv_say_the_same() -> None:
    final = summarise(latencies={1: [latency()]})
    markdown, latex = final_formats.as_markdown(final), final_formats.as_latex(final)
    assert "| small | 1.000 | — | 0.500 | 1.000 | 0.800 | 0.700 | 0.800 ± 0.248 | 0.800 ± 0.248 |" in markdown
    assert r"paper\_\&\_card" in markdown
    assert r"small & 1.000 & --- & 0.500 & 1.000 & 0.800 & 0.700 & 0.800 $\pm$ 0.248 & 0.800 $\pm$ 0.248" in latex
    assert r"paper\_\&\_card" in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 8
    small, scratch, _ = csv.DictReader(io.StringIO(final_formats.as_csv(final)))
    assert "test_f1_of_class_glass_mean" in small, "no class, called macro, say, takes the place of another column"
    assert float(small["test_f1_macro_mean"]) == pytest.approx(0.8)
    assert small["less_uncut"] == "uncut"
    assert float(small["less_uncut_over_images_mean"]) == pytest.approx(-0.1)
    assert scratch["test_f1_macro_low"] == "", "of one seed"
    assert [name for name in small if name.startswith("cpu_ms")] == [
        "cpu_ms (Some processor, 2 cores, Some GPU; torch 2.12.1)"
    ]


def test_a_verdict_needs_both_intervals_on_one_side() -> None:
    trials = [scored("small", seed, 1) for seed in range(3)]
    trials += [scored("uncut", seed, 7, parameters=4000) for seed in range(3)]
    *_, differences, _ = final_tables.tables(summarise(trials))
    assert [line[-1] for line in differences.body if line[0] == "small"] == ["better"]


@pytest.mark.parametrize("others", [{"uncut": "uncut"}, {}], ids=["with an uncut network", "without one"])
def test_a_cut_that_no_network_from_scratch_matches_is_compared_with_the_best_of_them(others: dict[str, str]) -> None:
    cut = EliminatedSpecification(
        backbone="test_resnet", image_size=32, classes=2, cut="layer1.0", mean=(0, 0, 0), std=(1, 1, 1)
    )
    candidate = Candidate(network=cut, initial_weights="pretrained", recipe=Recipe())
    small = SPACE.rows[0].model_copy(update={"candidate": candidate, "compared_with": others})
    space = SPACE.model_copy(update={"rows": (small, *SPACE.rows[1:])})
    records = Records()
    records.study("scratch")
    for listed, f1_macro in zip(space.rows[1:], (0.6, 0.8), strict=True):  # "uncut" is from scratch here, too
        candidate_of_row = listed.candidate.model_dump(mode="json")
        records.trial("scratch", f1_macro, candidate=candidate_of_row, candidate_key=listed.name)
    attributes = {"data": {**DATA, "classes": CLASSES}, "versions": {}}
    final = final_of("trashnet/final", attributes, space, TRIALS, records.search(), {}, {})
    of_small = next(found for found in final.rows if found.name == "small")
    assert of_small.differences["smaller_scratch"].other == "scratch", "by validation, not by test"
    *_, differences, _ = final_tables.tables(final)
    assert "best network from scratch, which is smaller (scratch)" in {line[1] for line in differences.body}


def test_unknown_images_have_a_table_if_there_are_any() -> None:
    title = "Unknown images on test"
    assert title not in [table.title for table in final_tables.tables(summarise())]
    assert "unknown" not in final_formats.as_csv(summarise())

    def measured(trial: TrialRecord, auroc: float, share: float | None) -> TrialRecord:
        found = Separation(30, auroc, None if share is None else 0.6, share, None if share is None else 0.04)
        return dataclasses.replace(trial, attributes={**trial.attributes, TEST_UNKNOWN: dataclasses.asdict(found)})

    small = [measured(trial, 0.7 + 0.1 * seed, 0.2 + 0.1 * seed) for seed, trial in enumerate(TRIALS[:3])]
    final = summarise([*small, *(measured(trial, 0.5, None) for trial in TRIALS[3:6]), *TRIALS[6:]])
    (table,) = [table for table in final_tables.tables(final) if table.title == title]
    assert {row[0]: row[1:] for row in table.body} == {
        "small": ("0.800", "30%", "4.0%", "3"),
        "uncut": ("0.500", "—", "—", "3"),
        "scratch": ("—", "—", "—", "0"),
    }
    assert "the 30 test images of no class" in table.note
    assert "at most 5% of the validation images" in table.note
    rows = {row["network"]: row for row in csv.DictReader(io.StringIO(final_formats.as_csv(final)))}
    assert float(rows["small"]["test_unknown_auroc"]) == pytest.approx(0.8)
    assert float(rows["small"]["test_unknown_turned_away"]) == pytest.approx(0.3)
    assert rows["uncut"]["test_unknown_turned_away"] == ""
    for writing in (final_formats.as_text, final_formats.as_markdown, final_formats.as_latex):
        assert title in writing(final)
