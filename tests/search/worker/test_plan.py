from __future__ import annotations

import re
import time

from search.settings.search import Settings
from search.settings.spaces import EliminationSpace, ScratchSpace
from search.system.deadline import Deadline
from search.worker.plan import plan_in_words


def test_the_plan_says_what_the_time_is_for() -> None:
    settings = Settings(studies={"elimination": EliminationSpace(), "scratch": ScratchSpace()})
    plan = plan_in_words(Deadline.of_minutes(10, time.monotonic() - 20, workers=1), settings)
    found = re.fullmatch(
        r"plan for 10:00 minutes: start 0:20, elimination (\d):(\d\d) "
        r"\(linear probes, one training of all cuts, single cuts\), scratch (\d):(\d\d), report 0:18",
        plan,
    )
    assert found, plan
    cuts, scratch = (60 * int(found[first]) + int(found[first + 1]) for first in (1, 3))
    assert abs(cuts - 2 * scratch) <= 2
    assert abs(20 + cuts + scratch + 18 - 600) <= 3


def test_several_workers_have_their_time_each() -> None:
    settings = Settings(studies={"only": ScratchSpace()})
    plan = plan_in_words(Deadline.of_minutes(10, time.monotonic(), workers=2), settings)
    assert plan.startswith("plan for 10:00 minutes with 2 workers at the same time: start 0:00, only 19:2")
