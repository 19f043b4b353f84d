"""A limit that nothing meets is said within seconds, with the smallest network; one that little meets is searched."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from blocks.specification import ScratchSpecification
from search import check, run
from search.errors import BadInput
from search.settings.spaces import AnySpace, EliminationSpace, ScratchSpace, StudySpace
from search.spaces.counts import counts_of, over_counts
from search.study import limits
from search.study.limits import check_limits, smallest, within_limits
from search.worker.loop import GivingUp, work
from tests.conftest import LoadSettings, WriteConfig, tiny_elimination, tiny_scratch
from tests.search.conftest import OpenBench

SPACE: TypeAdapter[AnySpace] = TypeAdapter(StudySpace)
CLASSES = 3

# One stage of 16 channels with a depthwise convolution, after a stem of 8: weights, and two parameters of each norm.
STEM = 8 * 3 * 9 + 2 * 8
STAGE = 8 * 9 + 2 * 8 + 8 * 16 + 2 * 16
SMALLEST = STEM + STAGE + 16 * CLASSES + CLASSES


def scratch(**changes: Any) -> ScratchSpace:
    space = SPACE.validate_python(tiny_scratch(**changes))
    assert isinstance(space, ScratchSpace)
    return space


def elimination(**changes: Any) -> EliminationSpace:
    space = SPACE.validate_python(tiny_elimination(**changes))
    assert isinstance(space, EliminationSpace)
    return space


def test_the_smallest_network_is_found() -> None:
    found = smallest(scratch(max_parameters=10), CLASSES)
    assert found.counts["parameters"] == SMALLEST == counts_of(found.candidate.network)["parameters"]
    # The stem halves 32 px, the stage 16: 16 x 16 outputs of 27 products, then 8 x 8 of 9 and of 8 for each channel.
    assert found.counts["macs"] == 16 * 16 * 8 * 27 + 8 * 8 * (8 * 9 + 8 * 16) + 16 * CLASSES


@pytest.mark.parametrize(
    ("space", "problem"),
    [
        (
            scratch(max_parameters=10),
            f"no network is within max_parameters=10: the smallest that the space gives has {SMALLEST}",
        ),
        (scratch(max_macs=1000), "no network is within max_macs=1,000: the smallest"),
        (scratch(max_parameters=10, max_macs=1000), "no network is within max_parameters=10 and max_macs=1,000: the"),
        (scratch(max_flash_kb=1, max_ram_kb=1), "no network is within max_ram_kb=1: the smallest"),
        (elimination(max_flash_kb=1, uncut=False), "no cut network is within max_flash_kb=1: the smallest"),
        (scratch(max_latency_ms=1e-5), "no network is within max_latency_ms=1e-05: the smallest"),
        (elimination(max_parameters=10), "no cut network is within max_parameters=10: the smallest"),
        (elimination(max_macs=1000, uncut=False), "no cut network is within max_macs=1,000: the smallest"),
    ],
)
def test_a_limit_that_nothing_meets_is_named_with_the_smallest(
    space: EliminationSpace | ScratchSpace, problem: str
) -> None:
    with pytest.raises(BadInput) as caught:
        within_limits("mine", space, CLASSES)
    (said,) = caught.value.problems
    assert said.startswith(problem)
    assert said.endswith("; raise the limit, or allow smaller networks")
    assert re.search(r"gives has [0-9,]+ parameters and [0-9,]+ MACs", said)
    for limit, memory in ((space.max_flash_kb, "flash"), (space.max_ram_kb, "RAM")):
        assert (re.search(rf"and needs \d+ kB of {memory}", said) is not None) == (f"max_{memory.lower()}_kb=1" in said)
        assert limit is not None or f"max_{memory.lower()}" not in said
    assert ("and takes 0.0" in said) == (space.max_latency_ms is not None)


def test_the_smallest_in_ram_has_the_activation_that_needs_the_least() -> None:
    one = {"stages": [1, 1], "widths": [16], "blocks": ["inverted_residual_v2"], "expansions": [6.0], "kernels": [3]}
    space = scratch(**one, stem_channels=[16], activations=["silu", "relu"], max_ram_kb=60, max_macs=10**9)
    found = smallest(space, CLASSES)
    assert isinstance(found.candidate.network, ScratchSpecification)
    # Beside the stage's input, SiLU needs three maps of 96 channels and 16 px, ReLU two.
    assert found.candidate.network.stages[0].activation == "relu"
    assert found.counts["ram_bytes"] <= 60 * 1024 < 16**2 * 3 * 96


def test_one_study_without_a_network_is_enough_to_refuse_all() -> None:
    spaces: dict[str, AnySpace] = {
        "good": scratch(),
        "poor": scratch(max_parameters=10),
        "other": elimination(max_parameters=10),
    }
    with pytest.raises(BadInput) as caught:
        check_limits(spaces, CLASSES)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["poor", "other"]
    check_limits({"good": scratch(), "wide": elimination(max_latency_ms=10_000)}, CLASSES)


def test_a_network_within_a_tight_limit_is_found_where_chance_finds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DRAWS", 0)
    candidate = within_limits("mine", tight := scratch(max_parameters=SMALLEST), CLASSES)
    assert over_counts(tight, counts_of(candidate.network)) == {}


def test_check_and_run_say_it_at_once_and_make_nothing(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(write_config(studies={"good": tiny_scratch(), "poor": tiny_scratch(max_parameters=10)}))
    started = time.monotonic()
    for command in (check.main, run.main):
        with pytest.raises(BadInput, match="poor: no network is within max_parameters=10: the smallest that the space"):
            command(["--config", config])
    assert time.monotonic() - started < 60, "five hundred candidates took 20 minutes and more"
    assert "good: " in capsys.readouterr().out, "the other study is tried all the same"
    assert not (tmp_path / "runs" / "tiny" / "settings.yaml").exists()


def test_check_trains_what_is_within_the_limits(write_config: WriteConfig, capsys: pytest.CaptureFixture[str]) -> None:
    check.main(["--config", str(write_config(studies={"tight": tiny_scratch(max_parameters=SMALLEST)}))])
    assert "tight: dwconv_c16_s2 + pool_linear, 32 px: " in capsys.readouterr().out


def test_a_study_of_a_version_that_did_not_look_ends_after_three(
    load_settings: LoadSettings, open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.study.opening.check_limits", lambda *_: None)
    bench = open_bench(load_settings(studies={"scratch": tiny_scratch(max_parameters=10)}, trials=100))
    with pytest.raises(
        GivingUp, match=r"^scratch: no network is within max_parameters=10: the smallest that the space"
    ):
        work(bench.context)
    assert [trial.attributes["infeasible"] for trial in bench.trials] == [True] * 3


def test_a_limit_that_little_meets_is_searched_beside_the_smallest_network(
    load_settings: LoadSettings, open_bench: OpenBench
) -> None:
    tight = tiny_scratch(max_parameters=SMALLEST + 10, widths=[16, 256], stages=[1, 5])
    bench = open_bench(load_settings(studies={"scratch": tight}, trials=2, proposals=4))
    work(bench.context)
    assert len(bench.trials) == 2
    assert all(trial.attributes["parameters"] <= SMALLEST + 10 for trial in bench.trials)


def test_what_is_too_large_for_any_memory_is_counted_all_the_same() -> None:
    wide = scratch(widths=[8192], width_multipliers=[8.0], blocks=["conv"], kernels=[7], stages=[1, 1])
    with pytest.raises(BadInput, match=r"the smallest that the space gives has [0-9,]{10,} parameters") as caught:
        within_limits("wide", wide, CLASSES)
    # 65,536 channels after a stem of 8, and their classes; the stem and two parameters for each norm.
    parameters = STEM + 65_536 * (8 * 49 + 2) + 65_536 * CLASSES + CLASSES
    assert f" {parameters:,} parameters" in str(caught.value)
