"""Prometheus and Grafana: as Compose resolves them, and as a real Prometheus reads the rules and the dashboard."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from optuna.trial import TrialState

from storage import curves
from storage.budgets import store_budgets
from storage.claims import claim_trial
from storage.database import Database, connect
from storage.leases import Lease
from storage.results import finish
from tests.deploy.test_compose import services
from tests.deploy.test_proxy import free_port
from tests.house import ROOT

RULES = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "elimnet.json").read_text())
PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="needs prometheus")
MONITORING = ("metrics", "prometheus", "grafana")


@pytest.fixture(scope="module")
def monitoring() -> dict[str, Any]:
    return services(COMPOSE_PROFILES="monitoring")


def test_monitoring_is_a_profile_and_locked_down(monitoring: dict[str, Any]) -> None:
    assert not set(MONITORING) & set(services())
    for name in MONITORING:
        service = monitoring[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("user") != "root", name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", [])), name
        assert all(volume["read_only"] for volume in service["volumes"] if volume["type"] == "bind"), name


def test_the_metrics_are_served_to_the_other_containers_alone(monitoring: dict[str, Any]) -> None:
    metrics = monitoring["metrics"]
    assert metrics["command"] == ["search.status", "--serve", "0.0.0.0:9100"]
    assert "ports" not in metrics
    assert [volume["target"] for volume in metrics["volumes"]] == ["/run/secrets/database"]
    (scraped,) = yaml.safe_load((RULES / "prometheus.yml").read_text())["scrape_configs"]
    assert scraped["static_configs"] == [{"targets": ["metrics:9100"]}]


def test_ports_can_be_chosen() -> None:
    moved = services(COMPOSE_PROFILES="monitoring", PROMETHEUS_PORT="9999", GRAFANA_PORT="3333")
    assert (moved["prometheus"]["ports"][0]["published"], moved["grafana"]["ports"][0]["published"]) == ("9999", "3333")


def test_grafana_finds_its_files_where_they_are_mounted(monitoring: dict[str, Any]) -> None:
    mounts = {volume["target"]: Path(volume["source"]) for volume in monitoring["grafana"]["volumes"]}
    provisioning = mounts["/etc/grafana/provisioning"]
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    used = [part["datasource"] for panel in DASHBOARD["panels"] for part in (panel, *panel["targets"])]
    assert {each["uid"] for each in used} == {source["uid"]}
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "elimnet.yaml").read_text())["providers"]
    assert (mounts[provider["options"]["path"]] / "elimnet.json").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_grafana_starts_with_a_password_that_nobody_knows(monitoring: dict[str, Any], tmp_path: Path) -> None:
    grafana = monitoring["grafana"]
    environment = grafana["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/var/lib/grafana/password"
    (script,) = grafana["command"]
    script = script.replace("/var/lib/grafana", str(tmp_path)).replace("/run.sh", "true")
    seen = []
    for _ in range(2):
        subprocess.run([*grafana["entrypoint"], script], check=True)
        seen.append((tmp_path / "password").read_text())
    assert seen[0] == seen[1], "the second start keeps it"
    assert len(seen[0].strip()) == 32
    assert (tmp_path / "password").stat().st_mode & 0o077 == 0


def test_panels_do_not_lie_on_each_other() -> None:
    places = [
        (column, line)
        for panel in DASHBOARD["panels"]
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for line in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places)
    assert {column for column, _ in places} <= set(range(24))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_accepts_the_rules_and_their_tests(arguments: tuple[str, ...]) -> None:
    checked = subprocess.run([str(PROMTOOL), *arguments], cwd=RULES, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def queries() -> list[str]:
    """All queries of the dashboard, as Grafana sends them with its first choices."""
    written = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [query.replace("$search", ".*").replace("$__rate_interval", "10s") for query in written]


class _Prometheus:
    """A real Prometheus that scrapes one address each second, with the project's rules."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The series that an instant query gives; none while the server starts."""
        line = f"{self._address}/query?{urllib.parse.urlencode({'query': query})}"
        with contextlib.suppress(OSError), urllib.request.urlopen(line, timeout=30) as answer:
            return json.load(answer)["data"]["result"]  # type: ignore[no-any-return]
        return []


def eventually(holds: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 120
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.5)
    return True


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """A search with all that the metrics count, in search.db. What it gives stores an epoch of the running trial."""
    with closing(connect(str(tmp_path / "search.db"))) as database:
        study = optuna.create_study(
            storage=database.optuna, study_name="demo/scratch", directions=["maximize", "minimize"]
        )
        study.set_user_attr("space", "scratch")
        study.set_user_attr("data", {"counts": {"train": {"cat": 30, "dog": 40}}})
        store_budgets(database, {study._study_id: (8, None)})
        finish(database, _begun(database, study), TrialState.COMPLETE, (0.9, 10_000))
        finish(database, _begun(database, study), TrialState.FAIL, attributes={"failure": "loss is nan at epoch 3"})
        running = _begun(database, study)
        yield lambda epoch: curves.append(database, running, epoch, {"f1_macro": 0.5})


def _begun(database: Database, study: optuna.Study) -> Lease:
    lease = claim_trial(database, study._study_id, "host-1")
    assert lease is not None
    return lease


@pytest.fixture
def prometheus(tmp_path: Path, work: object) -> Iterator[_Prometheus]:
    """The metrics of that search, scraped each second."""
    own, served = free_port(), free_port()
    settings = yaml.safe_load((RULES / "prometheus.yml").read_text().replace("metrics:9100", f"127.0.0.1:{served}"))
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings))
    quick = (RULES / "alerts.yml").read_text().replace("[2m]", "[4s]").replace("for: 8m", "for: 2s")
    (tmp_path / "alerts.yml").write_text(quick)
    commands = [
        [sys.executable, "-m", "search.status", "--database-url", str(tmp_path / "search.db"), "--serve", f":{served}"],
        [str(PROMETHEUS), "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--log.level=error",
         f"--web.listen-address=127.0.0.1:{own}"],
    ]  # fmt: skip
    with contextlib.ExitStack() as stack:
        for command, folder in zip(commands, (ROOT, tmp_path), strict=True):
            process = stack.enter_context(subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL))
            stack.callback(process.terminate)
        yield _Prometheus(own)


@pytest.mark.slow
@needs_prometheus
@pytest.mark.usefixtures("bare_environment")
def test_each_query_of_the_dashboard_has_an_answer_and_the_alert_fires_and_ends(
    prometheus: _Prometheus, work: Callable[[int], None]
) -> None:
    pytest.importorskip("prometheus_client")
    alert = 'ALERTS{alertname="ElimnetNoEpoch", alertstate="firing"}'
    work(1)
    assert eventually(lambda: bool(prometheus.ask(alert)))
    unanswered = [query for query in queries() if not prometheus.ask(query)]
    assert unanswered == []
    epochs = iter(range(2, 1000))

    def resolved() -> bool:
        work(next(epochs))
        return not prometheus.ask(alert)

    assert eventually(resolved)
    images = 70 * (next(epochs) - 1)
    assert eventually(lambda: prometheus.ask(f"elimnet_trained_images_total == {images}") != [])
