from __future__ import annotations

import os
import sys

import pytest
import torch
from torch import nn

from benchmarks import arena
from benchmarks.arena import NETWORKS, Line, main, measured, standard_error_of, table, with_random_norms
from blocks.build import build
from blocks.memory import memory_of
from blocks.specification import ScratchSpecification, StageSpecification
from search.errors import BadInput


@pytest.mark.slow
def test_the_arena_of_a_network_is_what_was_computed() -> None:
    for module in arena.NEEDED:
        pytest.importorskip(module, reason="needs the extras litert and micro")
    stage = StageSpecification(block="inverted_residual_v2", channels=8, repeats=2, stride=2, expansion=3)
    specification = ScratchSpecification(image_size=32, classes=3, stem_channels=8, stages=(stage,))
    line = measured("tiny", specification)
    assert line.activations == line.computed_activations == 24 * (16**2 + 18**2)
    assert line.file > line.flash_bytes > 0
    assert line.arena == line.best_arena > line.activations, "a chain has one order"


def test_every_network_can_be_counted() -> None:
    for make in NETWORKS.values():
        specification = make()
        assert memory_of(build(specification), specification.image_size).ram_bytes > 0


def test_no_scale_is_zero() -> None:
    network = with_random_norms(build(NETWORKS["resnet18"]()))
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert all(torch.all(norm.weight >= 0.5) for norm in norms)


def test_reads_what_libraries_write_to_standard_error() -> None:
    def write() -> None:
        print("from Python", file=sys.__stderr__, flush=True)
        os.write(2, b"from a library\n")

    assert "from a library\n" in standard_error_of(write)
    with pytest.raises(ZeroDivisionError):
        standard_error_of(lambda: 1 / 0)


def test_the_table_has_the_difference_from_the_whole_arena() -> None:
    line = Line("tiny", 1100, 1000, 900, 5000, 850, 950, 700)
    heading, row = table([line])
    assert heading.split()[:2] == ["network", "arena"]
    assert line.difference == 950 / 1000 - 1
    assert row.split() == ["tiny", "1,100", "1,000", "900", "5,000", "950", "-5.0%", "850", "700"]


def test_what_cannot_be_measured_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="no network 'lite9': expected lite0, mobilenetv2, "):
        main(["--networks", "lite0", "lite9"])
    monkeypatch.setattr(arena, "NEEDED", ("no_such_module",))
    with pytest.raises(BadInput, match=r"no_such_module not installed: see docs/benchmarks\.md"):
        main([])
