"""The proposed corrections: a CSV file that a person edits and hands back as `data.corrections`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from search.data.corrections import COLUMNS
from search.inspect.findings import LabelError
from search.system.outputs import whole_file


def write_corrections(file: Path, found: Sequence[LabelError]) -> bool:
    """Write a line for each probable label error, with the action "keep". False if the file exists: it may be edited.

    Handed back as it is, the file changes nothing. A person replaces "keep" with "relabel" or "drop".
    """
    if file.exists():
        return False
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows((each.file, each.given, each.proposed, "keep") for each in found)
    with whole_file(file, "--output", "the inspection cannot be written") as target:
        target.write(text.getvalue().encode("utf-8", errors="surrogateescape"))
    return True
