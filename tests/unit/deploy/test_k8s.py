"""The manifests for Kubernetes, checked without a cluster."""

from typing import Any

import pytest

from entrypoints.http.access import OPEN
from tests.unit.deploy.files import DEPLOY, Json, documents, routes, unknown

PATHS = sorted((DEPLOY / "k8s").glob("*.yaml"))
ALL = [document for path in PATHS for document in documents(path)]
API_VERSIONS = {
    "ConfigMap": "v1",
    "Secret": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
}
ROLES = ["api", "worker"]
UID = 10001


def of_kind(kind: str) -> list[Json]:
    return [document for document in ALL if document["kind"] == kind]


CONFIG: dict[str, str] = of_kind("ConfigMap")[0]["data"]


def deployment(role: str) -> Json:
    (found,) = (d for d in of_kind("Deployment") if d["metadata"]["name"] == f"habar-{role}")
    return found


def pod(role: str) -> Json:
    spec: Json = deployment(role)["spec"]["template"]["spec"]
    return spec


def container(role: str) -> Json:
    (only,) = pod(role)["containers"]
    found: Json = only
    return found


def environment(role: str) -> dict[str, str]:
    assert container(role)["envFrom"] == [{"configMapRef": {"name": "habar"}}]
    return CONFIG | {variable["name"]: variable["value"] for variable in container(role)["env"]}


def test_every_document_has_its_kind_s_version_and_a_name() -> None:
    assert {d["kind"]: d["apiVersion"] for d in ALL} == API_VERSIONS
    assert all(d["metadata"]["name"].startswith("habar") for d in ALL)
    assert len(of_kind("Deployment")) == len(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_a_setting(role: str) -> None:
    assert unknown(environment(role)) == set()
    assert environment(role)["HABAR_ROLE"] == role
    assert all(isinstance(value, str) for value in environment(role).values())


@pytest.mark.parametrize("role", ROLES)
def test_secrets_are_files_that_are_mounted(role: str) -> None:
    mounts = {mount["mountPath"]: mount["name"] for mount in container(role)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(role)["volumes"]}
    secret = volumes[mounts["/run/secrets/habar"]]["secret"]
    (example,) = of_kind("Secret")
    assert secret["secretName"] == example["metadata"]["name"]
    files = {v for name, v in environment(role).items() if name.endswith("_FILE")}
    assert files == {f"/run/secrets/habar/{name}" for name in example["stringData"]}


@pytest.mark.parametrize("role", ROLES)
def test_probes_ask_routes_that_are_served_without_a_key(role: str) -> None:
    kinds = ("startupProbe", "livenessProbe", "readinessProbe")
    asked = {kind: container(role)[kind]["httpGet"] for kind in kinds}
    paths = {kind: get["path"] for kind, get in asked.items()}
    assert paths == dict(zip(kinds, ("/livez", "/livez", "/readyz"), strict=True))
    assert set(paths.values()) <= routes(role) & OPEN
    assert {get["port"] for get in asked.values()} == {"http"}


@pytest.mark.parametrize("role", ROLES)
def test_ports_agree(role: str) -> None:
    (port,) = container(role)["ports"]
    assert port["name"] == "http"
    assert str(port["containerPort"]) == CONFIG["HTTP_PORT"]


def test_the_service_leads_to_who_answers() -> None:
    (service,) = of_kind("Service")
    labels = deployment("api")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]


@pytest.mark.parametrize("role", ROLES)
def test_a_deployment_finds_its_pods_and_so_does_its_budget(role: str) -> None:
    spec = deployment(role)["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    assert labels["app.kubernetes.io/component"] == role
    (budget,) = (
        d["spec"]
        for d in of_kind("PodDisruptionBudget")
        if d["metadata"]["name"] == f"habar-{role}"
    )
    assert budget["selector"]["matchLabels"] == labels
    assert budget["maxUnavailable"] < spec["replicas"]
    (spread,) = pod(role)["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels


@pytest.mark.parametrize("role", ROLES)
def test_there_is_time_to_stop(role: str) -> None:
    grace: int = pod(role)["terminationGracePeriodSeconds"]
    assert grace > float(CONFIG["SHUTDOWN_TIMEOUT"])


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_may_do_as_little_as_possible(role: str) -> None:
    expected: dict[str, Any] = {
        "runAsNonRoot": True,
        "runAsUser": UID,
        "runAsGroup": UID,
        "fsGroup": UID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod(role)["securityContext"] == expected
    assert container(role)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(role)["automountServiceAccountToken"] is False
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text(encoding="utf-8")
    assert f"USER {UID}:{UID}" in dockerfile


@pytest.mark.parametrize("role", ROLES)
def test_what_is_written_goes_to_volumes(role: str) -> None:
    mounts = {mount["mountPath"]: mount for mount in container(role)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(role)["volumes"]}
    assert {mount["name"] for mount in mounts.values()} == set(volumes)
    for path in (CONFIG["DATA_DIR"], "/tmp"):  # noqa: S108 - the container's
        assert "emptyDir" in volumes[mounts[path]["name"]]


@pytest.mark.parametrize("role", ROLES)
def test_resources_are_asked_for_and_memory_is_bounded(role: str) -> None:
    resources = container(role)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert "memory" in resources["limits"]
