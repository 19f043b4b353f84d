from __future__ import annotations

import json
from typing import Any

import pytest

from search.dashboard import feed as feed_module
from search.dashboard.feed import BEATEN_AT_MOST, Feed, thinned
from search.dashboard.notes import NOT_KEPT
from search.dashboard.signature import FORMER_SIGNATURE, SIGNATURE
from search.report.comparison import compare
from search.report.grouping import search_of
from search.statistics.pareto import front
from storage.errors import DatabaseLost
from storage.pages import Page
from storage.trials import StudyRecord, TrialRecord, read_studies, read_trials

PERSONS = "my own words"


def note(bench: Any, study: Any, trial_id: int | None = None) -> str:
    return Page(bench.database, study.study).note(trial_id)


def write_note(bench: Any, study: Any, body: str, trial_id: int | None = None) -> None:
    page = Page(bench.database, study.study)
    page.set_note(body, trial_id)
    page.write()


def figures(bench: Any, study: Any) -> dict[str, Any]:
    attributes = bench.database.optuna.get_study_system_attrs(study.study._study_id)
    parts: dict[str, dict[int, str]] = {}
    for key, value in attributes.items():
        if key.startswith("dashboard:plot_data:"):
            *_, name, index = key.split(":")
            parts.setdefault(name, {})[int(index)] = value
    return {name: json.loads("".join(pieces[index] for index in sorted(pieces))) for name, pieces in parts.items()}


@pytest.fixture
def front_of_two(bench: Any) -> dict[str, int]:
    """Ids of trials: two on the joint front, one of each study, and one that is beaten."""
    return {
        "large": bench.complete(bench.elimination, 0.9, 100_000),
        "small": bench.complete(bench.scratch, 0.6, 10_000),
        "beaten": bench.complete(bench.elimination, 0.5, 200_000),
    }


def test_a_study_note_tells_what_is_searched_how_far_it_is_and_the_joint_front(
    bench: Any, front_of_two: dict[str, int]
) -> None:
    bench.fail(bench.elimination, "out of memory | on <GPU>")
    assert bench.feed.update(at_once=True)
    told = note(bench, bench.elimination)
    for words in (
        "## trash: elimination",
        "cuts of `resnet18` (pretrained weights)",
        "trash (fingerprint 3f2a91c07b6d), 3 classes, 120 train, 12 validation, 12 test images",
        "**Budget:** 10 trials",
        "2 complete, 1 failed",
        "**Best F1:** 0.900 with 100,000 parameters ([elimination 0](/dashboard/studies/1/trials?numbers=0))",
        "It has 1 of the 2 candidates on the overall Pareto front",
        "⚠ skipped a.txt: not an image",
        r"⚠ failed: 1 × out of memory \| on \<GPU\>",
        "### Pareto front of elimination, scratch",
        SIGNATURE,
    ):
        assert words in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert [row.count("|") for row in rows] == [8] * 4
    assert "[scratch 0](/dashboard/studies/2/trials?numbers=0)" in rows[2]
    assert "[elimination 0](/dashboard/studies/1/trials?numbers=0)" in rows[3]
    assert "networks from scratch with 2 to 5 stages of dwconv" in note(bench, bench.scratch)


def test_front_trials_say_why_they_are_there_and_others_say_nothing(bench: Any, front_of_two: dict[str, int]) -> None:
    bench.feed.update(at_once=True)
    told = note(bench, bench.elimination, front_of_two["large"])
    for words in (
        "## On the overall Pareto front: F1 0.900 with 100,000 parameters",
        # 10,000 of 100,000 parameters, 0.9 - 0.6
        "The next smaller candidate on the front, [scratch 0](/dashboard/studies/2/trials?numbers=0), has 10% of its",
        "0.300 less F1",
        "truncated after the module `layer2`",
        "the first 1 stage frozen. Seed 0.",
        f"{NOT_KEPT} the trial was not on its study's Pareto front when it finished.",
    ):
        assert words in told
    assert "has 10.0 times its parameters and 0.300 more F1" in note(bench, bench.scratch, front_of_two["small"])
    assert note(bench, bench.elimination, front_of_two["beaten"]) == ""


def test_trials_link_to_the_page_if_it_has_an_address(
    bench: Any, front_of_two: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.feed.update(at_once=True)
    assert "/network/" not in note(bench, bench.scratch, front_of_two["small"])
    monkeypatch.setenv("UI_URL", "https://lab.example:8082/")
    bench.feed.update(at_once=True)
    told = note(bench, bench.scratch, front_of_two["small"])
    assert "(https://lab.example:8082/network/scratch/0)" in told


def test_a_trial_that_left_the_front_says_what_beat_it(bench: Any, front_of_two: dict[str, int]) -> None:
    bench.feed.update(at_once=True)
    bench.complete(bench.scratch, 0.95, 90_000)
    bench.feed.update(at_once=True)
    told = note(bench, bench.elimination, front_of_two["large"])
    assert told.startswith("## No longer on the overall Pareto front")
    assert "[scratch 1](/dashboard/studies/2/trials?numbers=1) has F1 0.950 with 90,000 parameters" in told
    bench.complete(bench.elimination, 0.97, 95_000)
    bench.feed.update(at_once=True)
    assert note(bench, bench.elimination, front_of_two["large"]).startswith("## No longer on the overall Pareto front")


def test_what_was_said_of_a_lost_model_is_still_said(bench: Any, front_of_two: dict[str, int]) -> None:
    lost = f"{NOT_KEPT} artefact store: No space left on device"
    for name, study in (("large", bench.elimination), ("beaten", bench.elimination)):
        write_note(bench, study, f"{lost}\n\n{SIGNATURE}", front_of_two[name])
    for _ in range(2):
        bench.feed.update(at_once=True)
        assert lost in note(bench, bench.elimination, front_of_two["large"])
        assert note(bench, bench.elimination, front_of_two["beaten"]).startswith(lost)


def test_notes_of_version_0_2_are_known_as_generated(bench: Any, front_of_two: dict[str, int]) -> None:
    former = f"## No longer on the joint front\n\n{FORMER_SIGNATURE}"
    write_note(bench, bench.elimination, former, front_of_two["beaten"])
    bench.feed.update(at_once=True)
    told = note(bench, bench.elimination, front_of_two["beaten"])
    assert told.startswith("## No longer on the overall Pareto front")
    assert told.endswith(SIGNATURE)


def test_the_words_of_a_person_stay(bench: Any, front_of_two: dict[str, int]) -> None:
    write_note(bench, bench.elimination, PERSONS)
    write_note(bench, bench.elimination, PERSONS, front_of_two["large"])
    bench.feed.update(at_once=True)
    assert note(bench, bench.elimination) == note(bench, bench.elimination, front_of_two["large"]) == PERSONS


def test_both_studies_show_the_same_front_and_its_learning_curves(bench: Any, front_of_two: dict[str, int]) -> None:
    bench.feed.update(at_once=True)
    shown = figures(bench, bench.elimination)
    assert shown == figures(bench, bench.scratch)
    assert set(shown) == {"joint-front", "learning-curves"}
    step = next(trace for trace in shown["joint-front"]["data"] if trace["name"] == "overall Pareto front")
    assert (step["x"], step["y"]) == ([10_000, 100_000, 200_000], [0.6, 0.9, 0.9])
    assert [trace["y"] for trace in shown["learning-curves"]["data"]] == [[0.3, 0.6], [0.45, 0.9]]
    title = shown["joint-front"]["layout"]["title"]["text"]
    assert title == "Pareto front of all studies<br><sub>bars: 95% CI, bootstrap over images</sub>", (
        "no wider than half a page"
    )


def test_a_candidate_of_another_version_is_told_by_its_summary(bench: Any) -> None:
    trial_id = bench.complete(bench.scratch, 0.6, 10_000, {"network": {"family": "quantum"}}, summary="a|b")
    bench.feed.update(at_once=True)
    assert r"**Network:** a\|b" in note(bench, bench.scratch, trial_id)


def test_a_search_that_has_just_begun_has_a_note_and_no_figures(bench: Any) -> None:
    assert bench.feed.update()
    told = note(bench, bench.scratch)
    assert "**Trials so far:** none" in told
    assert "No trial has finished yet." in told
    assert figures(bench, bench.scratch) == {}


def test_all_workers_together_update_once_a_minute(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Feed(bench.database, "trash", [bench.elimination, bench.scratch])
    assert [bench.feed.update(), bench.feed.update(), other.update()] == [True, False, False]
    assert other.update(at_once=True)
    monkeypatch.setattr(feed_module, "EVERY_SECONDS", 0.0)
    later = Feed(bench.database, "trash", [bench.elimination, bench.scratch])
    assert later.update()


def test_who_has_to_wait_does_not_ask_again_before_its_time(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def turn(*_: object) -> float:
        asked.append(1.0)
        return 30.0

    monkeypatch.setattr(feed_module, "take_turn", turn)
    assert [bench.feed.update() for _ in range(3)] == [False] * 3
    assert len(asked) == 1


def test_a_page_that_takes_long_is_made_less_often(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def turn(_database: object, _study_id: int, _name: str, every_seconds: float) -> float:
        asked.append(every_seconds)
        return 0.0

    monkeypatch.setattr(feed_module, "take_turn", turn)
    monkeypatch.setattr(feed_module, "LONGEST_SHARE", 1e-7)  # a page of a millisecond is too much for an hour
    bench.feed.update()
    assert asked == [60]
    slow = Feed(bench.database, "trash", [bench.elimination, bench.scratch])
    slow.update(at_once=True)
    slow.update()
    assert asked[1] > 3600


@pytest.mark.parametrize(("error", "trace"), [(DatabaseLost("out of reach"), False), (KeyError("bug"), True)])
def test_nothing_that_goes_wrong_is_raised(
    bench: Any, error: Exception, trace: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(feed_module, "read_trials", fail)
    assert not bench.feed.update(at_once=True)
    assert "the dashboard's pages are not current" in caplog.text
    assert ("Traceback" in caplog.text) is trace


def test_of_many_beaten_candidates_a_sample_is_drawn_and_both_fronts_are_whole(bench: Any) -> None:
    bench.complete(bench.scratch, 0.5, 1000)
    (_, record), (first,) = read_studies(bench.database), read_trials(bench.database)
    trials = [beaten(first, record, number) for number in range(2000)]
    whole = compare(search_of("trash", [record], trials))
    some = thinned(whole)
    assert len(whole.entries) == 2000
    members = sum(entry.on_study_front for entry in whole.entries)
    assert members <= len(some.entries) <= members + BEATEN_AT_MOST + 1
    assert some.joint_front == whole.joint_front
    assert some.entries[-1] == whole.entries[-1]
    points = [(entry.row.f1_macro, entry.row.parameters) for entry in some.entries]
    assert front(points).tolist() == [entry.on_joint_front for entry in some.entries]


def beaten(first: TrialRecord, record: StudyRecord, number: int) -> TrialRecord:
    """A trial with a score that goes up and down with its size."""
    values = (0.5 + 0.4 * ((number * 7919) % 1000) / 1000, 1000.0 + number)
    attributes = {**first.attributes, "candidate_key": str(number)}
    return TrialRecord(record.name, number, number, first.state, values, attributes, first.started, first.finished)
