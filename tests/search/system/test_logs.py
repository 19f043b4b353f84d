"""The log as events, in a process of its own: standard output is replaced there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from typing import Any

from search.system.logs import logs_json, worker_name
from tests.house import ROOT

SAID = r"""
import logging, sys
from search.system.logs import set_up_logging, tell_about, tell_event, logs_json
set_up_logging(quiet=sys.argv[1] == "quiet", as_json=True)
assert logs_json()
log = logging.getLogger("search.somewhere")
print("a report\nof two lines", end="\n\n")
tell_about(study="scratch", trial=3)
tell_event("begins")
log.info("known to %s", "people")
print("between")
try:
    raise ValueError("ü\n2")
except ValueError:
    log.exception("failed")
tell_event("ended badly", failed=True)
tell_about()
logging.getLogger("other.library").warning("careful")
logging.getLogger("other.library").info("chatter")
print("never complete", end="")
"""


def events(*arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-c", SAID, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_is_an_event() -> None:
    found = events("loud")
    assert [(event["level"], event.get("trial"), event["message"]) for event in found] == [
        ("info", None, "a report"),
        ("info", None, "of two lines"),
        ("info", 3, "begins"),
        ("info", 3, "known to people"),
        ("info", None, "between"),
        ("error", 3, "failed"),
        ("warning", 3, "ended badly"),
        ("warning", None, "careful"),
    ]
    assert all(datetime.fromisoformat(event["time"]).utcoffset() is not None for event in found)
    assert {event["worker"] for event in found} != {worker_name(os.getpid())}
    assert len({event["worker"] for event in found}) == 1
    assert {event.get("study") for event in found if "trial" in event} == {"scratch"}
    assert "ValueError: ü\n2" in found[5]["traceback"]


def test_quiet_leaves_out_what_is_no_warning_but_not_what_is_printed() -> None:
    messages = [event["message"] for event in events("quiet")]
    assert messages == ["a report", "of two lines", "between", "failed", "ended badly", "careful"]


def test_the_log_is_for_people_unless_it_is_asked_for() -> None:
    assert not logs_json()
