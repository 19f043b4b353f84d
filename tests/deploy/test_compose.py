"""What `docker compose` would start, as the real program resolves it; no engine is asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house import ROOT

COMPOSE = Path(sys.executable).with_name("docker-compose")
VARIABLES = (
    "ARTEFACT_DIR", "ARTEFACT_STORE", "CONFIG", "DASHBOARD_PORT", "DASHBOARD_URL", "DATABASE_PUBLISH", "DATA_DIR",
    "PASSWORDS_DIR", "PROXY_PORT", "TORCH_INDEX_URL", "UI_PORT", "UI_PROXY_PORT", "UI_URL", "WORKERS",
)  # fmt: skip


def services(*files: str, **variables: str) -> dict[str, Any]:
    """Name -> service of the Compose files (default: the base file), with these variables and no others of ours."""
    command = [str(COMPOSE), *(f"--file={file}" for file in files or ["docker-compose.yml"]), "config", "--format=json"]
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in VARIABLES and not name.startswith(("ELIMNET_", "AWS_"))
    }
    ran = subprocess.run(command, cwd=ROOT, env=clean | variables, capture_output=True, text=True, check=True)
    configuration: dict[str, Any] = json.loads(ran.stdout)
    return configuration["services"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def base() -> dict[str, Any]:
    return services()


def test_workers_bring_up_everything_they_need(base: dict[str, Any]) -> None:
    conditions = {
        name: {other: needed["condition"] for other, needed in service.get("depends_on", {}).items()}
        for name, service in base.items()
    }
    assert conditions == {
        "password": {},
        "postgres": {"password": "service_completed_successfully"},
        "init": {"postgres": "service_healthy"},
        "dashboard": {"init": "service_completed_successfully"},
        "workers": {"init": "service_completed_successfully", "dashboard": "service_healthy"},
    }


def test_a_worker_that_finished_stays_down_and_one_that_crashed_comes_back(base: dict[str, Any]) -> None:
    assert base["workers"]["restart"] == "on-failure"
    assert base["workers"]["stop_grace_period"] == "30s"
    assert "restart" not in base["init"]


def test_every_container_is_locked_down(base: dict[str, Any]) -> None:
    for name, service in base.items():
        assert service["read_only"], name
        assert service["init"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name


def test_only_the_one_that_makes_the_password_is_root_and_it_has_no_network(base: dict[str, Any]) -> None:
    assert {name for name, service in base.items() if service.get("user") == "root"} == {"password"}
    assert base["password"]["network_mode"] == "none"
    assert base["postgres"]["user"] == "postgres"


def test_no_environment_holds_a_password(base: dict[str, Any]) -> None:
    for name, service in base.items():
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key or key.endswith("_FILE"), f"{name}: {key}"
            assert value is None or "://elimnet:" not in value, f"{name}: {key}"


WITH_ARTEFACTS = ("dashboard", "init", "workers")
MOUNTS = ("/artefacts", "/run/secrets/aws")


def mounted(service: dict[str, Any], target: str) -> dict[str, Any]:
    (volume,) = [volume for volume in service["volumes"] if volume["target"] == target]
    return volume  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", WITH_ARTEFACTS)
def test_artefacts_are_in_a_volume_of_the_machine_unless_told_otherwise(base: dict[str, Any], name: str) -> None:
    environment = base[name]["environment"]
    assert environment["ARTEFACT_STORE"] == "/artefacts"
    assert environment["AWS_ENDPOINT_URL"] is None, "what is not set must not be passed on as an empty text"
    assert [(mounted(base[name], target)["type"], mounted(base[name], target)["source"]) for target in MOUNTS] == [
        ("volume", "artefacts"),
        ("volume", "no-credentials"),
    ]


@pytest.mark.parametrize("name", WITH_ARTEFACTS)
def test_machines_may_share_a_folder_of_artefacts(name: str, tmp_path: Path) -> None:
    volume = mounted(services(ARTEFACT_DIR=str(tmp_path))[name], "/artefacts")
    assert (volume["type"], volume["source"]) == ("bind", str(tmp_path))
    assert not volume.get("read_only")


def test_machines_may_share_a_bucket_whose_keys_only_those_who_use_it_can_read(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = me\naws_secret_access_key = hush\n")
    store, endpoint = "s3://bucket/elimnet", "https://s3.example.org"
    shared = services(ARTEFACT_STORE=store, AWS_ENDPOINT_URL=endpoint, AWS_DIR=str(tmp_path))
    for name in WITH_ARTEFACTS:
        environment = shared[name]["environment"]
        assert (environment["ARTEFACT_STORE"], environment["AWS_ENDPOINT_URL"]) == (store, endpoint)
        folder = mounted(shared[name], "/run/secrets/aws")
        assert (folder["type"], folder["source"], folder["read_only"]) == ("bind", str(tmp_path), True)
        assert environment["AWS_SHARED_CREDENTIALS_FILE"] == folder["target"] + "/credentials"
    for name in set(shared) - set(WITH_ARTEFACTS):
        assert not any("AWS" in key for key in shared[name].get("environment", {})), name
        assert "/run/secrets/aws" not in {volume["target"] for volume in shared[name]["volumes"]}, name


def test_keys_in_the_callers_environment_reach_no_container() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "hush"}
    assert "hush" not in json.dumps(services(**keys))


def test_everything_is_published_on_loopback_only(base: dict[str, Any]) -> None:
    ports = [port for service in base.values() for port in service.get("ports", [])]
    assert {port["published"] for port in ports} == {"8080", "54320"}
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_the_page_is_read_only_on_loopback_and_started_only_if_it_is_named(base: dict[str, Any]) -> None:
    assert "ui" not in base
    page = services(COMPOSE_PROFILES="dashboard", UI_PORT="9000")["ui"]
    assert page["ports"][0]["host_ip"] == "127.0.0.1"
    assert page["ports"][0]["published"] == "9000"
    assert {"search.ui", "--read-only", "--host=0.0.0.0"} <= set(page["command"])
    assert page["read_only"]
    assert page["cap_drop"] == ["ALL"]


def test_the_page_and_its_proxy_share_a_token_that_only_they_need(base: dict[str, Any]) -> None:
    found = services(COMPOSE_PROFILES="proxy")
    assert "--token-file=/run/secrets/page/token" in found["ui"]["command"]
    assert mounted(found["ui"], "/run/secrets/page")["source"] == "token"
    assert mounted(found["proxy"], "/etc/nginx/token")["source"] == "token"
    assert mounted(found["proxy"], "/etc/nginx/token")["read_only"]
    assert not mounted(base["password"], "/run/secrets/page").get("read_only")
    assert "token" not in {volume["source"] for volume in base["dashboard"]["volumes"]}
    assert {"dashboard", "ui"} <= set(found["proxy"]["depends_on"])


def test_the_token_is_made_once_and_is_one_that_the_page_takes(tmp_path: Path, base: dict[str, Any]) -> None:
    (script,) = base["password"]["command"]
    script = script.replace("$$", "$").replace("/run/secrets/", f"{tmp_path}/")
    made = []
    for folder in ("database", "page"):
        (tmp_path / folder).mkdir()
    for _ in range(2):
        subprocess.run(["sh", "-ec", script], check=True)
        made.append((tmp_path / "page" / "token").read_text())
    assert made[0] == made[1]
    assert re.fullmatch(r"[A-Za-z0-9_-]{40,}", made[0])
    assert (tmp_path / "page" / "token.conf").read_text() == f"proxy_set_header Cookie elimnet-ui={made[0]};\n"


def test_workers_name_the_dashboard_and_the_page_where_they_are_published() -> None:
    moved = services(DASHBOARD_PORT="9999", UI_URL="https://lab.example:8082", COMPOSE_PROFILES="dashboard")
    assert moved["workers"]["environment"]["DASHBOARD_URL"] == "http://127.0.0.1:9999"
    for name in ("workers", "ui"):
        assert moved[name]["environment"]["UI_URL"] == "https://lab.example:8082"
    assert services()["workers"]["environment"]["UI_URL"] == "http://127.0.0.1:8090"
    assert moved["dashboard"]["ports"][0]["published"] == "9999"


@pytest.mark.parametrize("name", ["init", "workers"])
def test_without_data_dir_nothing_of_the_host_is_data(base: dict[str, Any], name: str) -> None:
    (data,) = [volume for volume in base[name]["volumes"] if volume["target"] == "/data"]
    assert (data["type"], data["source"]) == ("volume", "no-data")
    assert base[name]["environment"]["DATA_DIR"] == ""


@pytest.mark.parametrize("name", ["init", "workers"])
def test_data_dir_is_mounted_read_only(name: str, tmp_path: Path) -> None:
    service = services(DATA_DIR=str(tmp_path))[name]
    (data,) = [volume for volume in service["volumes"] if volume["target"] == "/data"]
    assert (data["type"], data["source"], data["read_only"]) == ("bind", str(tmp_path), True)
    assert service["environment"]["DATA_DIR"] == "/data"


@pytest.mark.parametrize("name", ["init", "workers"])
@pytest.mark.parametrize(
    ("variables", "config"),
    [
        ({}, "configs/service.yaml"),
        ({"DATA_DIR": "/images"}, "configs/service-folder.yaml"),
        ({"DATA_DIR": "/images", "CONFIG": "configs/mine.yaml"}, "configs/mine.yaml"),
    ],
)
def test_what_is_searched_goes_with_the_data(name: str, variables: dict[str, str], config: str) -> None:
    command = services(**variables)[name]["command"]
    assert command[command.index("--config") + 1] == config


def test_a_container_runs_as_many_workers_as_it_is_told(base: dict[str, Any]) -> None:
    assert base["workers"]["command"][:3] == ["search.worker", "--workers", "auto"]
    assert services(WORKERS="1")["workers"]["command"][2] == "1"


def test_budget_and_device_come_from_the_caller() -> None:
    environment = services(ELIMNET_TRIALS="3", ELIMNET_DEVICE="cuda:1")["workers"]["environment"]
    assert environment["ELIMNET_TRIALS"] == "3"
    assert environment["ELIMNET_DEVICE"] == "cuda:1"
    assert environment["ELIMNET_MINUTES"] is None, "what is not set must not be passed on as an empty text"


def test_a_machine_without_a_gpu_is_asked_for_none(base: dict[str, Any]) -> None:
    assert "deploy" not in base["workers"]


def test_the_gpu_file_gives_the_workers_all_gpus(base: dict[str, Any]) -> None:
    with_gpus = services("docker-compose.yml", "docker-compose.gpu.yml")
    (device,) = with_gpus["workers"].pop("deploy")["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", -1, ["gpu"])
    with_gpus["workers"].pop("placement", None)
    assert with_gpus == base
