from __future__ import annotations

import pytest

from search.command import exit_with_status, nearest
from search.errors import BadInput


def status_of(error: BaseException | None, status: int | None = None) -> object:
    def main() -> int | None:
        if error:
            raise error
        return status

    with pytest.raises(SystemExit) as ended:
        exit_with_status(main)
    return ended.value.code


def test_a_command_ends_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert (status_of(None), status_of(None, 1)) == (0, 1)
    assert status_of(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""
    assert status_of(BadInput("settings", ["no such file", "no such setting"])) == 2
    assert capsys.readouterr().err == "error: settings:\n  - no such file\n  - no such setting\n"


def test_names_that_look_alike_are_offered() -> None:
    assert nearest("Evalute", ["evaluate", "export"]) == "; did you mean evaluate?"
    assert nearest("xyzzy", ["evaluate", "export"]) == ""
