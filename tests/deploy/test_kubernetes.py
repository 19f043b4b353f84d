"""The manifests against Kubernetes' own schema, and against each other."""

from __future__ import annotations

import argparse
import copy
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import kubernetes_validate
import optuna
import pytest
import yaml
from optuna.trial import TrialState
from sqlalchemy import text

from search.settings.search import add_arguments, load
from storage.budgets import store_budgets
from storage.claims import claim_trial
from storage.database import connect
from storage.results import finish
from tests.postgres import PostgresServer

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
README = (FOLDER / "README.md").read_text()
FILES = [FOLDER / "copy.yaml", *sorted((FOLDER / "base").glob("[!ks]*.yaml"))]
OVERLAYS = ("gpu", "cpu")
KUBECTL = shutil.which("kubectl")


def by_name(manifests: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{manifest['kind']}/{manifest['metadata']['name']}": manifest for manifest in manifests}


MANIFESTS = by_name(manifest for path in FILES for manifest in yaml.safe_load_all(path.read_text()))
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
    assert f"kubectl cp ~/images/. {MANIFESTS['Pod/elimnet-copy']['metadata']['name']}:{mount['mountPath']}" in README


def named_files() -> set[str]:
    words = [word for line in README.splitlines() for word in line.split()]
    return {word for word in words if word.endswith(".yaml") or word.startswith("overlays/")} - {"/config/search.yaml"}


def test_every_file_and_folder_that_is_applied_is_there() -> None:
    assert "cd deploy/kubernetes" in README
    assert {"copy.yaml", "base/volumes.yaml", "overlays/gpu", "overlays/cpu"} <= named_files()
    assert [name for name in named_files() if not (FOLDER / name).exists()] == []


def test_the_base_is_all_but_the_pod_that_copies() -> None:
    kustomization = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
    assert {FOLDER / "base" / name for name in kustomization["resources"]} == set(FILES[1:])


def images(name: str) -> list[str]:
    return [str(container["image"]) for container in pod(name)["containers"]]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_image_is_built_by_a_whole_command(overlay: str) -> None:
    kustomization = yaml.safe_load((FOLDER / "overlays" / overlay / "kustomization.yaml").read_text())
    placed = {image["name"]: f"{image['newName']}:{image['newTag']}" for image in kustomization["images"]}
    assert set(placed) == {image for name in PODS for image in images(name)}
    for name, image in placed.items():
        assert f"docker build --target {name.removeprefix('elimnet-search-')} --tag {image} .\n" in README
        assert f"docker push {image}\n" in README


def rendered(folder: Path) -> dict[str, dict[str, Any]]:
    """What kubectl makes of an overlay; no cluster is asked."""
    if KUBECTL is None:
        pytest.skip("kubectl is not installed")
    ran = subprocess.run([KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, check=True)
    return by_name(yaml.safe_load_all(ran.stdout))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_valid_and_names_images_and_settings(overlay: str) -> None:
    manifests = rendered(FOLDER / "overlays" / overlay)
    for manifest in manifests.values():
        validate(manifest)
        assert manifest["metadata"]["namespace"] == "elimnet"
    (settings,) = [name for name in manifests if name.startswith("ConfigMap/")]
    for name in PODS:
        spec = manifests[name]["spec"]["template"]["spec"]
        assert all(c["image"].startswith("registry.example/elimnet-search-") for c in spec["containers"])
        maps = [volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume]
        assert maps in ([], [settings.partition("/")[2]]), "the name has the hash of the settings"


def test_a_worker_has_one_gpu_where_there_are_gpus() -> None:
    limits = {}
    for overlay in OVERLAYS:
        spec = rendered(FOLDER / "overlays" / overlay)["Deployment/elimnet-workers"]["spec"]["template"]["spec"]
        limits[overlay] = spec["containers"][0]["resources"]["limits"], spec.get("tolerations", [])
    assert limits["gpu"][0]["nvidia.com/gpu"] == 1
    assert limits["gpu"][1] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert "nvidia.com/gpu" not in limits["cpu"][0]
    assert limits["cpu"][1] == []


def scaled_object() -> dict[str, Any]:
    text = (FOLDER / "components" / "autoscaling" / "scaledobject.yaml").read_text()
    found: dict[str, Any] = by_name(yaml.safe_load_all(text))["ScaledObject/elimnet-workers"]
    return found


def test_autoscaling_leaves_the_number_of_workers_to_keda(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    overlay = tmp_path / "kubernetes" / "overlays" / "gpu"
    text = (overlay / "kustomization.yaml").read_text()
    with_keda = text.replace("components: []  # ", "components: [../../components/autoscaling]  # ")
    assert with_keda != text
    (overlay / "kustomization.yaml").write_text(with_keda)
    manifests = rendered(overlay)
    assert "replicas" not in manifests["Deployment/elimnet-workers"]["spec"]
    assert manifests["ScaledObject/elimnet-workers"]["spec"]["scaleTargetRef"]["name"] == "elimnet-workers"
    assert manifests["TriggerAuthentication/elimnet-database"]["spec"]["secretTargetRef"][0]["key"] == "database_url"


def test_the_query_counts_the_trials_that_are_left_of_all_budgets(
    postgres_server: PostgresServer, postgres_template: str
) -> None:
    (trigger,) = scaled_object()["spec"]["triggers"]
    url = postgres_server.create_database(postgres_template)
    with closing(connect(url)) as database:

        def open_trials() -> int:
            query = text(trigger["metadata"]["query"])
            return int(database.read(lambda connection: connection.execute(query).scalar_one()))

        assert open_trials() == 0, "no search yet"
        cuts, scratch = (optuna.create_study(storage=database.optuna, study_name=name) for name in ("cuts", "scratch"))
        store_budgets(database, {cuts._study_id: (3, None), scratch._study_id: (2, None)})
        assert open_trials() == 5
        leases = [claim_trial(database, cuts._study_id, "worker") for _ in range(3)]
        assert open_trials() == 5, "a trial that runs needs its worker"
        done, not_counted, _ = leases
        assert done is not None
        assert not_counted is not None
        finish(database, done, TrialState.COMPLETE, [0.5])
        finish(database, not_counted, TrialState.PRUNED, counts=False)
        assert open_trials() == 4
    postgres_server.drop_database(url)


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
            assert volume["configMap"]["name"] == "elimnet-config", "the base makes it of search.yaml"
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
    shutil.copy(FOLDER / "base" / "search.yaml", tmp_path)
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
