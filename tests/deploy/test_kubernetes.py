"""The manifests against Kubernetes' own schema, and against each other."""

from __future__ import annotations

import argparse
import copy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from search.settings.search import add_arguments, load

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
README = (FOLDER / "README.md").read_text()
MANIFESTS: dict[str, dict[str, Any]] = {
    f"{manifest['kind']}/{manifest['metadata']['name']}": manifest
    for path in sorted(FOLDER.glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text())
}
PODS = ("Job/elimnet-init", "Deployment/elimnet-workers", "Deployment/elimnet-dashboard")


def pod(name: str) -> dict[str, Any]:
    """Pod specification of a Job or Deployment."""
    return MANIFESTS[name]["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def validate(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, "1.34", strict=True)


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_valid(name: str) -> None:
    validate(MANIFESTS[name])


def test_the_check_sees_a_misspelt_key() -> None:
    broken = copy.deepcopy(MANIFESTS["Deployment/elimnet-workers"])
    broken["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        validate(broken)


def test_photographs_go_to_the_volume_that_workers_read() -> None:
    copying, working = MANIFESTS["Pod/elimnet-copy"]["spec"], pod("Deployment/elimnet-workers")
    assert copying["securityContext"] == working["securityContext"], "or they could not be written"
    (mount,) = copying["containers"][0]["volumeMounts"]
    (read,) = [each for each in working["containers"][0]["volumeMounts"] if each["name"] == "data"]
    (volume,) = copying["volumes"]
    assert (mount["mountPath"], volume["persistentVolumeClaim"]) == (read["mountPath"], {"claimName": "elimnet-data"})
    assert copying["containers"][0]["image"] == working["containers"][0]["image"]
    assert f"kubectl cp ~/images/. {MANIFESTS['Pod/elimnet-copy']['metadata']['name']}:{mount['mountPath']}" in README


def named_manifests() -> set[str]:
    return {word for line in README.splitlines() for word in line.split() if word.endswith(".yaml")}


def test_every_manifest_is_applied_and_is_there() -> None:
    assert "cd deploy/kubernetes" in README
    assert {path.name for path in FOLDER.glob("*.yaml")} <= named_manifests()
    assert {name for name in named_manifests() if "/" not in name} <= {path.name for path in FOLDER.glob("*.yaml")}


def test_every_image_is_built_by_a_whole_command() -> None:
    names = {c["image"].partition(":")[0].rpartition("/")[2] for name in PODS for c in pod(name)["containers"]}
    for name in names:
        target = name.removeprefix("elimnet-search-")
        assert f"docker build --target {target} --tag registry.example/{name}:TAG .\n" in README
        assert f"docker push registry.example/{name}:TAG\n" in README


def test_a_worker_has_one_gpu() -> None:
    (container,) = pod("Deployment/elimnet-workers")["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1


@pytest.mark.parametrize("name", PODS)
def test_pods_are_locked_down(name: str) -> None:
    assert pod(name)["securityContext"]["runAsNonRoot"]
    assert pod(name)["securityContext"]["runAsUser"] == 10001, "the user of the images"
    assert not pod(name)["automountServiceAccountToken"]
    for container in pod(name)["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("name", PODS)
def test_what_a_pod_mounts_exists(name: str) -> None:
    volumes = {volume["name"]: volume for volume in pod(name)["volumes"]}
    (container,) = pod(name)["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    for volume in volumes.values():
        if "persistentVolumeClaim" in volume:
            assert f"PersistentVolumeClaim/{volume['persistentVolumeClaim']['claimName']}" in MANIFESTS
        if "configMap" in volume:
            assert f"ConfigMap/{volume['configMap']['name']}" in MANIFESTS
        if "secret" in volume:
            created = f"kubectl create secret generic {volume['secret']['secretName']} "
            assert created in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("name", PODS)
def test_the_database_comes_from_a_secret_file(name: str) -> None:
    (container,) = pod(name)["containers"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "database"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert mount["mountPath"] == "/secrets"
    assert "DATABASE_URL" not in environment
    assert {"/secrets", "/secrets/database_url"} & set(environment.values())


def test_the_config_map_holds_settings_that_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "search.yaml").write_text(MANIFESTS["ConfigMap/elimnet-config"]["data"]["search.yaml"])
    (tmp_path / "database_url").write_text("postgresql://elimnet:secret@db.example/elimnet\n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    settings = load(parser.parse_args(["--config", str(tmp_path / "search.yaml")]))
    assert set(settings.studies) == {"elimination", "scratch"}
    assert settings.data.path == Path("/data")
    assert settings.database == "postgresql://elimnet:secret@db.example/elimnet"


@pytest.mark.parametrize("name", PODS)
def test_no_variable_of_a_service_is_taken_for_a_setting(name: str) -> None:
    """Kubernetes gives pods ELIMNET_DASHBOARD_PORT and others, after the Service's name; settings refuse them."""
    assert pod(name)["enableServiceLinks"] is False


def test_what_selects_pods_selects_those_of_its_own_deployment() -> None:
    labels = {name: MANIFESTS[name]["spec"]["template"]["metadata"]["labels"] for name in PODS}
    assert len({tuple(found.items()) for found in labels.values()}) == len(PODS)
    for name in PODS[1:]:
        assert MANIFESTS[name]["spec"]["selector"]["matchLabels"] == labels[name]
    dashboard = labels["Deployment/elimnet-dashboard"]
    assert MANIFESTS["Service/elimnet-dashboard"]["spec"]["selector"] == dashboard
    assert MANIFESTS["NetworkPolicy/elimnet-dashboard"]["spec"]["podSelector"]["matchLabels"] == dashboard


def test_no_other_pod_reaches_the_dashboard_which_has_no_login() -> None:
    policy = MANIFESTS["NetworkPolicy/elimnet-dashboard"]["spec"]
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress"], [])
    assert MANIFESTS["Service/elimnet-dashboard"]["spec"]["type"] == "ClusterIP"


def test_a_worker_has_more_time_to_stop_than_it_takes() -> None:
    assert pod("Deployment/elimnet-workers")["terminationGracePeriodSeconds"] > 10


def test_bad_settings_are_not_tried_again() -> None:
    (rule,) = MANIFESTS["Job/elimnet-init"]["spec"]["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [2])
    assert rule["onExitCodes"]["containerName"] == pod("Job/elimnet-init")["containers"][0]["name"]


def test_what_many_pods_write_to_can_be_mounted_by_many() -> None:
    claims = [manifest for name, manifest in MANIFESTS.items() if name.startswith("PersistentVolumeClaim/")]
    assert {tuple(claim["spec"]["accessModes"]) for claim in claims} == {("ReadWriteMany",)}
