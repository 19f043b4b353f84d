from __future__ import annotations

import pytest

from blocks.build import build
from blocks.memory import memory_of
from blocks.specification import HeadSpecification, ScratchSpecification, StageSpecification
from search.settings.spaces import EliminationSpace, ScratchSpace
from search.spaces import counts
from search.spaces.counts import counts_for_limits, counts_of, over_counts

# A stem of 8 channels on 32 px, a depthwise convolution of stride 2 and a 1x1 convolution to 16, linear to 3 classes.
WEIGHTS = 8 * 3 * 9 + 8 * 9 + 8 * 16 + 16 * 3 + 6  # the last are mean and deviation of the input
CHANNELS = 8 + 8 + 16 + 3
FLASH = WEIGHTS + 8 * CHANNELS
RAM = 3 * 32**2 + 3 * 34**2 + 8 * CHANNELS  # the image and its padded copy


def network(**changes: object) -> ScratchSpecification:
    stage = StageSpecification(block="dwconv", channels=16, stride=2)
    content = {"image_size": 32, "classes": 3, "stem_channels": 8, "stages": (stage,), **changes}
    return ScratchSpecification.model_validate(content)


def test_memory_is_counted_with_the_rest() -> None:
    found = counts_of(network())
    assert list(found) == ["parameters", "macs", "layers", "flash_bytes", "ram_bytes"]
    assert (found["flash_bytes"], found["ram_bytes"]) == (FLASH, RAM)
    assert counts_of(network(), memory=False) == {name: found[name] for name in ("parameters", "macs", "layers")}


def test_memory_of_a_network_too_wide_to_build_is_counted() -> None:
    stage = StageSpecification(block="inverted_residual_v2", channels=128, expansion=40)
    wide = network(stages=(stage, stage))
    needed = memory_of(build(wide), 32)
    found = counts_of(wide)
    assert (found["flash_bytes"], found["ram_bytes"]) == (needed.flash_bytes, needed.ram_bytes)


def test_networks_that_differ_in_dropout_alone_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = counts_of(network(classes=7))
    monkeypatch.setattr(counts, "build", None)  # another count would need it
    assert counts_of(network(classes=7, head=HeadSpecification(kind="pool_linear", dropout=0.3))) == known
    with pytest.raises(TypeError):
        counts_of(network(classes=8))


def test_only_limits_on_memory_count_it_and_the_other_limits_come_first() -> None:
    assert "ram_bytes" not in counts_for_limits(ScratchSpace(max_macs=10**9), network())
    over = ScratchSpace(max_macs=1, max_ram_kb=1)
    assert over_counts(over, counts_for_limits(over, network())).keys() == {"macs"}
    for limit in ("max_flash_kb", "max_ram_kb"):
        assert "ram_bytes" in counts_for_limits(ScratchSpace.model_validate({limit: 1}), network())


def test_a_kb_has_1024_bytes_and_what_is_begun_counts() -> None:
    exact = {"parameters": 1, "macs": 1, "flash_bytes": 2 * 1024, "ram_bytes": 3 * 1024}
    more = {**exact, "flash_bytes": 2 * 1024 + 1, "ram_bytes": 3 * 1024 + 1}
    for space in (ScratchSpace(max_flash_kb=2, max_ram_kb=3), EliminationSpace(max_flash_kb=2, max_ram_kb=3)):
        assert over_counts(space, exact) == {}
        assert over_counts(space, more) == {"flash_kb": (3, 2), "ram_kb": (4, 3)}
    assert over_counts(ScratchSpace(max_ram_kb=3), more) == {"ram_kb": (4, 3)}
    assert over_counts(ScratchSpace(), more) == {}
