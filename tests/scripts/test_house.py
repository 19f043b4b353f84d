"""`scripts/house.py` on small checkouts whose numbers are known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

PYPROJECT = """
[tool.hatch.build.targets.wheel]
packages = ["search"]

[[tool.importlinter.contracts]]
containers = ["search"]
layers = ["run", "high | beside", "low", "errors"]
"""
COMMAND = 'if __name__ == "__main__":\n    main()\n'
SOUND = {
    "run.py": f"from search.high import top\nfrom search.beside import side\n{COMMAND}",
    "high/top.py": "def lazily() -> None:\n    import search.low.base\n",
    "beside/side.py": "",
    "low/base.py": "from search.errors import BadInput\n",
    "errors.py": "class BadInput(Exception): ...\n",
}


def counted(checkout: Path, files: dict[str, str]) -> tuple[int, str]:
    (checkout / "pyproject.toml").write_text(PYPROJECT)
    for name, text in files.items():
        path = checkout / "search" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [sys.executable, str(ROOT / "scripts" / "house.py"), str(checkout)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_sound_house(tmp_path: Path) -> None:
    status, printed = counted(tmp_path, SOUND)
    assert status == 0
    assert printed.splitlines() == [
        "4 floors of search (at most 12), 5 names on its top level",
        "0 imports that run back up",
        "0 circles of rooms",
        "0 circles of modules",
        "0 loose modules",
        "0 long modules",
    ]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (
            {"low/base.py": "def lazily():\n    from search.beside import side\n"},
            "1 imports that run back up\n  low -> beside",
        ),
        ({"beside/side.py": "import search.high.top\n"}, "1 imports that run back up\n  beside -> high"),
        ({"low/base.py": "import search.high.other\n", "high/other.py": ""}, "1 circles of rooms\n  high low"),
        (
            {"low/base.py": "import search.low.other\n", "low/other.py": "import search.low.base\n"},
            "1 circles of modules\n  search.low.base search.low.other",
        ),
        ({"run.py": ""}, "1 loose modules\n  search.run"),
        ({"low/base.py": "\n" * 301}, "1 long modules\n  search.low.base"),
        ({"loose/new.py": "import search.low.base\n"}, "1 imports that run back up\n  loose -> low"),
    ],
)
def test_what_is_wrong_is_named_and_is_the_status(tmp_path: Path, change: dict[str, str], wrong: str) -> None:
    status, printed = counted(tmp_path, {**SOUND, **change})
    assert status == 1
    assert wrong in printed
