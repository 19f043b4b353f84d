from __future__ import annotations

import json

import pytest

from search import cuts
from search.errors import BadInput


def test_json_lists_every_cut_with_counts_and_shares(capsys: pytest.CaptureFixture[str]) -> None:
    cuts.main(["efficientnet_b0", "--image-size", "64", "--json"])
    rows = json.loads(capsys.readouterr().out)
    by_module = {row["module"]: row for row in rows}
    assert len(rows) == 17
    assert by_module["blocks.3.2"]["parameters"] == 309_146
    assert by_module["blocks.3.2"]["channels"] == 80
    assert by_module["blocks.3.2"]["reduction"] == 16
    assert by_module["blocks.3.2"]["parameters_share"] == 309_146 / 4_015_234
    assert by_module[None]["macs_share"] == 1


def test_macs_of_a_stem_and_a_block_are_those_of_pen_and_paper(capsys: pytest.CaptureFixture[str]) -> None:
    cuts.main(["resnet18", "--image-size", "64", "--classes", "2", "--json"])
    first = json.loads(capsys.readouterr().out)[0]
    stem = 32 * 32 * 64 * 3 * 7 * 7
    block = 2 * (16 * 16 * 64 * 64 * 3 * 3)
    linear = 64 * 2
    assert first["macs"] == stem + block + linear


def test_memory_of_a_cut_is_that_of_pen_and_paper(capsys: pytest.CaptureFixture[str]) -> None:
    cuts.main(["resnet18", "--image-size", "64", "--classes", "2", "--json"])
    first = json.loads(capsys.readouterr().out)[0]
    weights = 64 * 3 * 7 * 7 + 2 * 64 * 64 * 3 * 3 + 64 * 2 + 6  # and mean and deviation of the input
    channels = 64 + 64 + 64 + 2
    assert first["flash_bytes"] == weights + 8 * channels
    # The stem's map of 32 px, and its copy with a border of 1 for the pooling.
    assert first["ram_bytes"] == 64 * (32**2 + 34**2) + 8 * channels


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv3_large_100", "vgg11"])
def test_the_table_fits_80_columns(backbone: str, capsys: pytest.CaptureFixture[str]) -> None:
    cuts.main([backbone])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("(full)" in line and line.count("100.0%") == 2 for line in lines) == 1, "nothing is cut off"


def test_all_bad_arguments_are_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        cuts.main(["resnet18", "--classes", "1", "--image-size", "0"])
    assert caught.value.problems == [
        "--classes 1: expected a whole number from 2 to 1,000,000",
        "--image-size 0: expected a whole number from 8 to 1,024",
    ]


@pytest.mark.usefixtures("bare_environment")
def test_the_size_is_the_largest_of_the_search_unless_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--set", "studies.elimination.image_sizes=[32, 64]", "--set", "studies.scratch.image_sizes=[96]"]
    for arguments, size in ((sizes, 64), ([*sizes, "--image-size", "48"], 48), (["--config", "demo"], 32), ([], 224)):
        cuts.main(["test_resnet", *arguments])
        assert f"test_resnet, {size} px, 6 classes" in capsys.readouterr().out


@pytest.mark.usefixtures("bare_environment")
def test_settings_are_checked_where_the_size_is_given_too() -> None:
    with pytest.raises(BadInput, match=r"--set data\.fitt: no such setting; did you mean data\.fit\?"):
        cuts.main(["test_resnet", "--image-size", "48", "--set", "data.fitt=crop"])


def test_a_family_that_cannot_be_cut_is_refused_with_its_name() -> None:
    with pytest.raises(BadInput, match=r"hrnet_w18_small \(HighResolutionNet\) cannot be cut"):
        cuts.main(["hrnet_w18_small", "--image-size", "64"])
