"""From a search to the tables of test scores and a model in use, by the commands alone."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState

from baselines.run import main as run_baselines
from search.data.dataset import Dataset
from search.errors import BadInput
from search.export import main as export
from search.finalize.__main__ import main as finalize
from search.latency.__main__ import main as measure
from search.predict import main as predict
from search.report.__main__ import main as report
from search.run import main as run_search
from storage.database import connect
from storage.trials import TrialRecord, read_trials
from tests.conftest import WriteConfig, tiny_elimination, tiny_scratch

BASELINES = ["tf_efficientnet_lite0_to_80", "tf_efficientnet_lite0_to_80_random"]
FIXED: dict[str, Any] = {
    "learning_rate": {"low": 0.01, "high": 0.01},
    "weight_decay": {"low": 0.0, "high": 0.0},
    "dropout": {"low": 0.0, "high": 0.0},
    "augmentation": {"low": 0.0, "high": 0.0},
    "recipe": {"epochs": 1},
}


def trials(tmp_path: Path, study: str) -> list[TrialRecord]:
    with closing(connect(f"sqlite:///{tmp_path / 'runs' / 'tiny' / 'search.db'}")) as database:
        return read_trials(database, [f"tiny/{study}"])


def test_search_baselines_finalize_report(
    write_config: WriteConfig,
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    arrays = Dataset.arrays

    def watched(self: Dataset, part: Any, image_size: int) -> Any:
        opened.append(part)
        return arrays(self, part, image_size)

    monkeypatch.setattr(Dataset, "arrays", watched)
    studies = {"elimination": tiny_elimination(**FIXED), "scratch": tiny_scratch(**FIXED)}
    config = ["--config", str(write_config(studies=studies, trials=2))]
    assert run_search(config) == 0
    assert run_baselines([*config, "--rows", *BASELINES]) == 0
    report(["--pareto", *config])
    assert opened.count("test") == 0, "nothing but finalize opens the test split"

    capsys.readouterr()
    assert finalize([*config, "--seeds", "2", "--baselines", BASELINES[0]]) == 0
    printed = capsys.readouterr().out
    done = trials(tmp_path, "final")
    assert {trial.state for trial in done} == {TrialState.COMPLETE}
    assert BASELINES[0] in {trial.attributes["row"] for trial in done}
    assert opened.count("test") == len(done), "once for each trained network"
    assert opened.count("train+validation") == len(done)
    for trial in done:
        assert trial.values is not None
        assert trial.values[0] == trial.attributes["test_f1_macro"]
        assert sum(map(sum, trial.attributes["test_confusion"])) == 9, "of 48 images, a fifth of each class's 16"
        assert "accuracy" not in trial.attributes, "no other split is scored"
        assert trial.attributes["test_calibration"]["temperature"] != 1, "of the search's trial of the same network"
    assert f"test split: 9 images of {images.name}" in printed
    assert "Differences in test F1" in printed
    assert "intervals over fewer than three seeds say little" in printed
    assert "now on the overall Pareto front" not in printed
    (line,) = [line for line in printed.splitlines() if line.startswith(f"{BASELINES[0]}: ")]
    assert "tf_efficientnet_lite0 to blocks.3.2" in line

    check_tables(config, tmp_path, done)
    check_times(config, tmp_path, capsys)
    before = opened.count("test")
    check_use(config, tmp_path, images, done, capsys)
    assert opened.count("test") == before, "nor does a model in use read it"
    check_mistakes(config, tmp_path, done, capsys)
    before = len(opened)
    check_the_same_list(config, capsys)
    assert "test" not in opened[before:]
    check_a_further_list(config, len(done), capsys)

    report(["--pareto", *config, "--json", str(tmp_path / "front.json")])
    assert '"final"' not in (tmp_path / "front.json").read_text()


def check_tables(config: list[str], tmp_path: Path, done: list[TrialRecord]) -> None:
    """Files say what the trials do."""
    files = {name: tmp_path / f"final.{name}" for name in ("markdown", "csv", "latex")}
    report(["--final", *config, *(word for name, path in files.items() for word in (f"--{name}", str(path)))])
    assert "## Inference times: not measured" in files["markdown"].read_text()
    assert r"\toprule" in files["latex"].read_text()
    lines = {line["network"]: line for line in csv.DictReader(io.StringIO(files["csv"].read_text()))}
    assert set(lines) == {trial.attributes["row"] for trial in done}
    scores = [trial.attributes["test_f1_macro"] for trial in done if trial.attributes["row"] == BASELINES[0]]
    assert float(lines[BASELINES[0]]["test_f1_macro_mean"]) == pytest.approx(sum(scores) / 2)
    assert float(lines[BASELINES[0]]["validation_f1_macro"]) == trials(tmp_path, "baselines")[0].values[0]  # type: ignore[index]


def check_times(config: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Times are there once they are measured."""
    measure([*config, "--final", "--seconds", "0.01", "--json"])
    capsys.readouterr()
    report(["--final", *config, "--csv", str(tmp_path / "times.csv")])
    times = {line["network"]: line for line in csv.DictReader(io.StringIO((tmp_path / "times.csv").read_text()))}
    (cpu_ms,) = (name for name in times[BASELINES[0]] if name.startswith("cpu_ms ("))
    assert all(float(line[cpu_ms]) > 0 for line in times.values())


def check_use(
    config: list[str], tmp_path: Path, images: Path, done: list[TrialRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    """A finalized network is exported by its row, and classifies."""
    model = tmp_path / "model"
    first = min(
        (trial for trial in done if trial.attributes["row"] == BASELINES[0]), key=lambda one: one.attributes["seed"]
    )
    int8 = ["--quantize", "int8", "--max-loss", "1"]
    export([f"final/{BASELINES[0]}", *config, "--format", "onnx", *int8, "--output", str(model)])
    assert f"model final/{first.number}: 3 classes" in capsys.readouterr().out
    card = (model / "MODEL_CARD.md").read_text()
    assert (
        f"| **Temperature** | {first.attributes['test_calibration']['temperature']:.3f}, fitted on validation" in card
    )
    assert f"# tiny/final, trial {first.number}\n" in card
    assert f"Macro F1 **{first.attributes['test_f1_macro']:.3f}**" in card
    assert "| **Trained on** | train and validation, 39 images |" in card
    assert card.count("on 9 validation images, which are also training images") == 2, "the model, and that of integers"
    predict([str(model), str(images), "--output", str(tmp_path / "answers.csv")])
    predict([f"final/{BASELINES[0]}", str(images), *config, "--output", str(tmp_path / "same.csv")])
    answers = (tmp_path / "answers.csv").read_text()
    assert len(answers.splitlines()) == 1 + 48
    assert answers == (tmp_path / "same.csv").read_text()


def check_mistakes(
    config: list[str], tmp_path: Path, done: list[TrialRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    """The recommended network's wrong answers on test are those that were stored when test was read."""
    report(["--final", *config, "--mistakes", str(tmp_path / "wrong"), "--json", str(tmp_path / "final.json")])
    network = json.loads((tmp_path / "final.json").read_text())["recommendation"]["take"]
    first = min((trial for trial in done if trial.attributes["row"] == network), key=lambda one: one.attributes["seed"])
    confusion = np.array(first.attributes["test_confusion"])
    wrong = int(confusion.sum() - confusion.trace())
    lines = list(csv.DictReader((tmp_path / "wrong" / "mistakes.csv").read_text().splitlines()))
    for given, answer in np.argwhere(np.ones((3, 3)) - np.eye(3)):
        pair = (f"class{given}", f"class{answer}")
        assert sum((line["given"], line["answer"]) == pair for line in lines) == confusion[given, answer]
        assert all(line["file"].startswith(f"{line['given']}/") for line in lines)
    page = (tmp_path / "wrong" / "mistakes.html").read_text()
    assert f"Mistakes of {network} on the test images" in page
    assert "which the final evaluation has read once" in page
    assert f"{wrong} of 9 images are wrong" in capsys.readouterr().err


def check_the_same_list(config: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The same command goes on with the list that it was made of, and nothing else does."""
    assert finalize([*config, "--seeds", "2", "--baselines", BASELINES[0]]) == 0, "the same command goes on"
    capsys.readouterr()
    assert finalize([*config, "--rows", BASELINES[0]]) == 0, "of the list, and of no front, as what has left it since"
    assert "final resumes with the networks that it was created with" in capsys.readouterr().out
    with pytest.raises(BadInput, match="no front member is called 'scratch-99'"):
        finalize([*config, "--rows", "scratch-99"])
    with pytest.raises(BadInput, match=r"leave out --seeds; to evaluate other networks, add --study"):
        finalize([*config, "--seeds", "3"])


def check_a_further_list(config: list[str], trained: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A list that is made when scores of another are known says so."""
    assert finalize([*config, "--seeds", "1", "--study", "second"]) == 0
    printed = " ".join(capsys.readouterr().out.split())  # the report wraps long lines
    assert f"warning: the test split has been read for study final ({trained} trained networks, from " in printed
    assert "now on the overall Pareto front" not in printed
    assert f"the test split had already been read for study final ({trained} trained networks, from " in printed
    report(["--final", *config])
    printed = " ".join(capsys.readouterr().out.split())
    assert "had already been read for study" not in printed, "the first list was made of validation scores alone"
