from __future__ import annotations

import threading
import time

import pytest

from search.data import parallel
from search.data.parallel import in_parallel


def test_results_come_in_order() -> None:
    def work(number: int) -> int:
        time.sleep(0.001 * (number % 3))
        return number * number

    assert in_parallel(work, range(20), "squaring", progress=False) == [number * number for number in range(20)]


def test_an_exception_drops_what_has_not_begun() -> None:
    begun: list[int] = []
    release = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            release.set()
            raise OSError("full")
        release.wait()
        time.sleep(0.01)

    with pytest.raises(OSError, match="full"):
        in_parallel(work, range(1000), "writing", progress=False)
    assert len(begun) < 500


def test_without_a_terminal_progress_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    in_parallel(str, [1, 2, 3], "counting", progress=True)
    assert capsys.readouterr().err == "counting: 3\n"
    in_parallel(str, [1, 2, 3], "counting", progress=False)
    in_parallel(str, [], "counting", progress=True)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""


def test_and_a_line_now_and_then_where_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "LINE_SECONDS", 0.0)
    assert in_parallel(str, [1, 2], "counting", progress=True) == ["1", "2"]
    assert capsys.readouterr().err == "counting: 2\ncounting: 1 of 2\ncounting: 2 of 2\n"
