"""Weights of packages are those of timm's network."""

from __future__ import annotations

import pytest
import timm

from benchmarks.packaged_weights import PACKAGED, weights_of
from search.training.weights import Weights


@pytest.mark.parametrize("backbone", list(PACKAGED))
def test_packaged_weights_fit_timms_network(backbone: str) -> None:
    pytest.importorskip(PACKAGED[backbone][0], reason="comes with the extra rivals")
    found = weights_of(backbone)
    assert isinstance(found, Weights)
    timm.create_model(backbone).load_state_dict(found.load())
