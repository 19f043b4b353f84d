"""How a person names a model: by its folder, or by its trial.

A trial is named `STUDY/NUMBER`, or `NUMBER` where one study alone has a model of that number. In a study of listed
rows (`final`, `baselines`), `STUDY/ROW` names the row's trial of the first seed, so that nobody picks a seed. What logs
and `search.finalize` write is understood, too: `STUDY #NUMBER`, `STUDY-NUMBER`.
"""

from __future__ import annotations

import re
from pathlib import Path

from search.errors import BadInput

EXPECTED = "expected a model's folder, or a trial as STUDY/NUMBER, NUMBER or, in a study of listed rows, STUDY/ROW"
MODEL_HELP = "an exported file or its folder, a kept model's folder, or a trial as STUDY/NUMBER, STUDY/ROW or NUMBER"
TRIAL = re.compile(r"(?:(?P<study>.+)[/ ]|(?P<before_dash>[^/]+)-)?#?(?P<number>\d+)")
ROW = re.compile(r"(?P<study>\w.*)/(?P<row>[A-Za-z0-9][A-Za-z0-9._-]*)")


def check_model_name(where: str, expected: str = EXPECTED) -> None:
    """Raises BadInput, with what is `expected` instead, for what is no folder and cannot be the name of a trial."""
    if not (Path(where).is_dir() or TRIAL.fullmatch(where) or ROW.fullmatch(where)):
        problem = f"{where}: no such folder, and not the name of a trial; {expected}"
        raise BadInput("the model cannot be found", [problem])
