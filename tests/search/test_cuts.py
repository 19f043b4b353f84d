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


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv3_large_100", "vgg11"])
def test_the_table_fits_80_columns(backbone: str, capsys: pytest.CaptureFixture[str]) -> None:
    cuts.main([backbone])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("(uncut)" in line and line.count("100.0%") == 2 for line in lines) == 1, "nothing is cut off"


def test_all_bad_arguments_are_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        cuts.main(["resnet18", "--classes", "1", "--image-size", "0"])
    assert caught.value.problems == ["--classes 1: expected at least 2", "--image-size 0: expected at least 8"]


def test_a_family_that_cannot_be_cut_is_refused_with_its_name() -> None:
    with pytest.raises(BadInput, match=r"hrnet_w18_small \(HighResolutionNet\) cannot be cut"):
        cuts.main(["hrnet_w18_small", "--image-size", "64"])
