from __future__ import annotations

import math
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from search.progress.facts import Member, Standing, StudyStanding
from search.statistics.pareto import search_hypervolume
from search.status.facts import SearchStatus, Trained, Work
from search.status.metrics import MOST_KINDS, OTHER_KINDS, Reading, metrics_of

NOW = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)
PROMTOOL = shutil.which("promtool")
FRONT = (Member(("scratch #3",), 0.8, 10_000), Member(("elimination #1",), 0.9, 100_000))
SCRATCH = StudyStanding(
    "scratch",
    trials=8,
    begun=6,
    ended=5,
    complete=1,
    stopped=2,
    infeasible=3,
    failed=4,
    running=3,
    waiting=6,
    used=0.75,
)


def work(worker: str, trial: str, quiet: float = 1.0, epoch: float | None = None) -> Work:
    return Work(worker, trial, 1, 5, quiet, quiet < 60, epoch)


def status(*workers: Work, name: str = "demo", trained: Trained | None = None) -> SearchStatus:
    standing = Standing([SCRATCH, StudyStanding("elimination")], FRONT)
    return SearchStatus(name, NOW, standing, workers, trained={} if trained is None else {"scratch": trained})


class _Collector:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> object:
        return metrics_of(self._reading)


def exposed(reading: Reading) -> str:
    registry = CollectorRegistry()
    registry.register(_Collector(reading))  # type: ignore[arg-type]
    return generate_latest(registry).decode()


def read(*searches: SearchStatus) -> dict[str, float]:
    """The samples of these searches, by name and labels as Prometheus shows them."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(exposed(Reading(searches, 0.5, 1e9))):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            key = f"{sample.name}{{{labels}}}"
            assert key not in found, "a time series is there twice"
            found[key] = sample.value
    return found


def test_trials_by_study_and_state() -> None:
    found = read(status())
    counts = {"complete": 1, "pruned": 2, "infeasible": 3, "failed": 4, "running": 3, "waiting": 6}
    for state, count in counts.items():
        assert found[f"elimnet_trials{{search=demo,state={state},study=scratch}}"] == count
        assert found[f"elimnet_trials{{search=demo,state={state},study=elimination}}"] == 0


def test_the_budget_of_studies_that_have_one() -> None:
    found = read(status())
    assert found["elimnet_budget_used_ratio{search=demo,study=scratch}"] == 0.75
    assert "elimnet_budget_used_ratio{search=demo,study=elimination}" not in found


def test_epochs_and_images_are_counted_where_they_are_known() -> None:
    found = read(status(trained=Trained(12, 300, {})), status(name="older", trained=Trained(5, None, {})))
    assert found["elimnet_epochs_total{search=demo,study=scratch}"] == 12
    assert found["elimnet_trained_images_total{search=demo,study=scratch}"] == 12 * 300
    assert found["elimnet_epochs_total{search=older,study=scratch}"] == 5
    assert "elimnet_trained_images_total{search=older,study=scratch}" not in found


def test_failures_by_kind() -> None:
    found = read(status(trained=Trained(0, None, {'loss is "nan"\\#\ud800': 2, "x" * 500: 1})))
    kinds = {key: value for key, value in found.items() if key.startswith("elimnet_trial_failures_total")}
    assert kinds == {
        'elimnet_trial_failures_total{kind=loss is "nan"\\# ,search=demo,study=scratch}': 2,
        f"elimnet_trial_failures_total{{kind={'x' * 120},search=demo,study=scratch}}": 1,
    }


def test_a_kind_keeps_its_label_however_many_others_follow() -> None:
    many = {f"kind {letter * 3}": 10 for letter in "abcdefghijklmnopqrstuvwxyz"}
    found = read(status(trained=Trained(0, None, many)))
    kinds = {key: value for key, value in found.items() if key.startswith("elimnet_trial_failures_total")}
    assert len(kinds) == MOST_KINDS + 1
    assert kinds["elimnet_trial_failures_total{kind=kind aaa,search=demo,study=scratch}"] == 10
    others = f"elimnet_trial_failures_total{{kind={OTHER_KINDS},search=demo,study=scratch}}"
    assert kinds[others] == 10 * (26 - MOST_KINDS)


def test_workers_and_the_ages_of_their_signs() -> None:
    found = read(
        status(work("a", "scratch #1", 2.5, 30.0), work("b", "elimination #2", 70.0), work("c", "scratch #3", math.inf))
    )
    assert found["elimnet_workers{search=demo}"] == 1
    assert found["elimnet_trials_without_worker{search=demo}"] == 3 - 1
    heartbeat, epoch = "elimnet_worker_heartbeat_age_seconds", "elimnet_worker_epoch_age_seconds"
    ages = {key: value for key, value in found.items() if key.startswith((heartbeat, epoch))}
    assert ages == {
        f"{heartbeat}{{search=demo,study=scratch,worker=a}}": 2.5,
        f"{heartbeat}{{search=demo,study=elimination,worker=b}}": 70.0,
        f"{epoch}{{search=demo,study=scratch,worker=a}}": 30.0,
    }


def test_a_worker_with_a_trial_that_it_lost_is_there_once_with_the_older_sign() -> None:
    found = read(status(work("a", "scratch #1", 200.0), work("a", "scratch #2", 1.0)))
    assert found["elimnet_worker_heartbeat_age_seconds{search=demo,study=scratch,worker=a}"] == 200.0


def test_the_front() -> None:
    found = read(status())
    assert found["elimnet_front_networks{search=demo}"] == 2
    assert found["elimnet_front_best_f1_macro{search=demo}"] == 0.9
    assert found["elimnet_front_hypervolume{search=demo}"] == search_hypervolume([(0.8, 10_000), (0.9, 100_000)])


def test_a_search_without_a_network_has_no_best_one_and_one_of_lists_no_front() -> None:
    new = read(SearchStatus("new", NOW, Standing([StudyStanding("scratch")]), []))
    assert new["elimnet_front_networks{search=new}"] == new["elimnet_front_hypervolume{search=new}"] == 0
    assert "elimnet_front_best_f1_macro{search=new}" not in new
    lists = read(SearchStatus("lists", NOW, Standing([StudyStanding("final")], has_front=False), []))
    assert not [key for key in lists if key.startswith("elimnet_front")]


def test_a_read_that_failed_says_nothing_else() -> None:
    assert "elimnet_database_up 1.0" in exposed(Reading([], 0.5, 1e9))
    failed = [line for line in exposed(Reading(None, 5.0, 1e9)).splitlines() if not line.startswith("#")]
    assert failed == [
        "elimnet_database_up 0.0",
        "elimnet_database_read_duration_seconds 5.0",
        "elimnet_database_read_timestamp_seconds 1e+09",
    ]
    assert "read_timestamp" not in exposed(Reading(None, 5.0, None))


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool")
def test_names_and_helps_are_as_prometheus_wants_them() -> None:
    everything = status(work("a", "scratch #1", 1.0, 2.0), trained=Trained(12, 300, {"out of memory": 1}))
    text = exposed(Reading([everything], 0.5, 1e9))
    checked = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
