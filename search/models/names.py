"""The names of models on the command line: a folder, or a trial.

A trial is named `STUDY/NUMBER`, or `NUMBER` if only one study has a model of that number. In a fixed-list study
(`final`, `baselines`), `STUDY/NETWORK` names the network's trial with the first seed, so that no seed is hand-picked.
The forms of logs and `search.finalize` are also accepted: `STUDY #NUMBER`, `STUDY-NUMBER`.
"""

from __future__ import annotations

import re
from pathlib import Path

from search.errors import BadInput

EXPECTED = "expected a model's folder, or a trial as STUDY/NUMBER, NUMBER or STUDY/NETWORK"
MODEL_HELP = (
    "an exported file or its folder, a saved model's folder, or a trial as STUDY/NUMBER, STUDY/NETWORK or NUMBER"
)
TRIAL = re.compile(r"(?:(?P<study>.+)[/ ]|(?P<before_dash>[^/]+)-)?#?(?P<number>\d+)")
ROW = re.compile(r"(?P<study>\w.*)/(?P<row>[A-Za-z0-9][A-Za-z0-9._-]*)")


def check_model_name(where: str, expected: str = EXPECTED) -> None:
    """Raises BadInput, which says what is `expected`, if `where` is no folder and cannot be the name of a trial."""
    if not (Path(where).is_dir() or TRIAL.fullmatch(where) or ROW.fullmatch(where)):
        problem = f"{where}: no such folder, and not the name of a trial; {expected}"
        raise BadInput("the model cannot be found", [problem])
