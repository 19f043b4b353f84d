"""Files on systems that differ. Where Linux has what another system lacks, that is taken away."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from search.data.system_files import write_at


@pytest.fixture(params=["pwrite", "seek and write"])
def writing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "seek and write":
        monkeypatch.delattr(os, "pwrite", raising=False)


def test_threads_write_to_places_of_one_file(writing: None, tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).permutation(500).tolist()
    with (tmp_path / "file").open("wb") as file:
        descriptor = file.fileno()

        def write(number: int) -> int:
            return write_at(descriptor, f"{number:08}".encode(), number * 8)

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(write, numbers)) == {8}
    assert (tmp_path / "file").read_bytes() == b"".join(f"{number:08}".encode() for number in range(500))
