from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import timm
from safetensors.torch import save_file

from blocks.anatomy import anatomy
from blocks.cost import count_parameters
from search.errors import BadInput
from search.profile.__main__ import main
from tests.conftest import CLASSES, SIDE, WriteConfig, tiny_elimination, tiny_scratch

DIGITS = {"space": "elimination", "backbones": ["tf_efficientnet_lite0"], "image_sizes": [32], "max_parameters": 10**6}


@pytest.fixture
def digits(write_config: WriteConfig) -> list[str]:
    """Options for scikit-learn's digits and a backbone that really is pretrained."""
    return ["--config", str(write_config(data={"source": "digits"}, studies={"elimination": DIGITS}))]


def test_profiles_digits(digits: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main([*digits, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["data"]["name"] == "digits"
    assert answer["device"].startswith("CPU")
    profile = answer["studies"]["elimination"]
    assert profile["seconds"] > 0
    f1_macro = {cut["module"]: cut["f1_macro"] for cut in profile["cuts"]}
    assert f1_macro["blocks.0.0"] < 0.8 < 0.95 < f1_macro["blocks.4.1"]
    assert len(profile["cuts"]) == 13
    assert [path.name for path in tmp_path.iterdir() if path.name != "config.yaml"] == ["cache"]


def test_the_table_fits_80_columns_and_says_what_it_took(
    write_config: WriteConfig, weights_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for backbone in ("test_resnet", "test_efficientnet"):
        save_file(timm.create_model(backbone).state_dict(), weights_dir / f"{backbone}.safetensors")
    space = tiny_elimination(backbones=["test_resnet", "test_efficientnet"], initial_weights="pretrained")
    main(["--config", str(write_config(studies={"elimination": space}, weights_dir=str(weights_dir)))])
    lines = capsys.readouterr().out.splitlines()
    title = "depth profile of test_efficientnet, test_resnet at 32 px: "
    start = next(number for number, line in enumerate(lines) if line.startswith(title))
    assert re.fullmatch(r"\d+ cuts in \d+\.\d s:", lines[start].removeprefix(title))
    assert max(map(len, lines[start:])) <= 80
    whole = timm.create_model("test_resnet", num_classes=CLASSES)
    assert any("test_resnet (full)" in line and f"{count_parameters(whole):,}" in line for line in lines)
    assert sum("test_efficientnet" in line for line in lines[start + 1 :]) == len(
        anatomy("test_efficientnet", SIDE).cuts
    )


def test_a_search_without_pretrained_backbones_has_nothing_to_profile(write_config: WriteConfig) -> None:
    studies = {"random": tiny_elimination(), "scratch": tiny_scratch()}
    with pytest.raises(BadInput, match="nothing to profile") as refused:
        main(["--config", str(write_config(studies=studies))])
    assert "initial_weights: pretrained" in refused.value.problems[0]
