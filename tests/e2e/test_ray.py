"""Workers on a real Ray cluster of three nodes on this machine, over a real PostgreSQL."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from storage.leases import HELD
from tests.e2e.audit import Audit
from tests.e2e.conftest import Holding, Look, Start, WriteSearch, until
from tests.postgres import PostgresServer

pytest.importorskip("ray", reason="pip install 'elimnet-search[ray]'")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without room for workers, and two nodes with room for one each."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra

    monkeypatch.setenv("RAY_worker_niceness", "0")  # or all other processes of a busy machine come first
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    cluster.rooms = [cluster.add_node(num_cpus=1) for _ in range(2)]
    yield cluster
    cluster.shutdown()


def node_of(cluster: Any, holding: Holding) -> Any:
    """The node whose worker holds the trial: the worker is a child of the node's raylet."""
    above = {process.pid for process in psutil.Process(holding.pid).parents()}
    return next(
        node for node in cluster.rooms if any(raylet.process.pid in above for raylet in node.all_processes["raylet"])
    )


def test_a_lost_node_costs_no_trial_and_at_most_an_epoch(
    cluster: Any,
    write_search: WriteSearch,
    start: Start,
    look: Look,
    postgres_server: PostgresServer,
    empty_database: str,
) -> None:
    config = write_search(epochs=20, trials=2, database_url=empty_database)
    command = start("search.worker", "--config", config, "--ray", cluster.address, "--workers", "auto")
    watch = look(empty_database, command)
    audit = Audit(postgres_server, empty_database, watch.database)
    held = until(lambda: [one for one in watch.holdings(2) if one.status == HELD], command=command)
    cluster.remove_node(node_of(cluster, held[0]), allow_graceful=False)
    cluster.rooms.append(cluster.add_node(num_cpus=1))
    assert command.ends_within(600) == 0, command.output
    assert "2 workers on Ray, each with 1 CPU" in command.output
    account = audit.account()
    assert account.finished + account.stopped == account.started >= 4, account
    assert (account.lost, account.twice, account.failed) == (0, 0, 0), account
    assert account.killed >= 1, account
    assert account.epochs_lost_at_a_kill <= 1, account
    lines = re.findall(r"\d\d:\d\d:\d\d tiny/\w+ #\d (?:F1|stopped) ", command.output)
    assert len(lines) >= 4, command.output


def test_ctrl_c_hands_all_trials_back(
    cluster: Any, write_search: WriteSearch, start: Start, look: Look, empty_database: str
) -> None:
    config = write_search(epochs=50, trials=2, database_url=empty_database)
    command = start("search.worker", "--config", config, "--ray", cluster.address)
    watch = look(empty_database, command)
    until(lambda: len([one for one in watch.holdings(1) if one.status == HELD]) == 2, command=command)
    command.signal(signal.SIGINT)
    assert command.ends_within(30) == 130, command.output
    assert "Traceback" not in command.output
    assert [(one.status, one.deaths) for one in watch.holdings()] == [("free", 0)] * 2
    assert all(one.epoch == len(one.curve) >= 1 for one in watch.holdings())


def test_what_the_cluster_lacks_is_refused(
    cluster: Any, write_search: WriteSearch, start: Start, empty_database: str
) -> None:
    config = write_search(database_url=empty_database)
    resources = '{"CPU": 1, "GPU": 0.5}'
    command = start("search.worker", "--config", config, "--ray", cluster.address, "--resources", resources)
    assert command.ends_within(120) == 2
    assert "no node has 1 CPU, 0.5 GPU; the most that any node has is 1 CPU, 0 GPU" in command.output


def test_no_cluster_is_refused(write_search: WriteSearch, start: Start, empty_database: str) -> None:
    command = start(
        "search.worker", "--config", write_search(database_url=empty_database), "--ray", "127.0.0.1:1", "--quiet"
    )
    assert command.ends_within(120) == 2
    assert "--ray 127.0.0.1:1: no cluster answers" in command.output
