"""deploy/compose.yaml, and what it mounts."""

import re
import tomllib
from pathlib import Path

import pytest

from entrypoints.settings import Settings
from tests.unit.deploy.files import DEPLOY, ROOT, Json, documents, unknown

(COMPOSE,) = documents(DEPLOY / "compose.yaml")
SERVICES: dict[str, Json] = COMPOSE["services"]
ROLES = ["api", "worker"]
DEFAULT_SHUTDOWN_S = Settings().shutdown_timeout


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_a_setting(role: str) -> None:
    environment = SERVICES[role]["environment"]
    assert unknown(environment) == set()
    assert environment["HABAR_ROLE"] == role


@pytest.mark.parametrize("role", ROLES)
def test_it_may_do_as_little_as_possible(role: str) -> None:
    service = SERVICES[role]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["stop_grace_period"].removesuffix("s")) > DEFAULT_SHUTDOWN_S


def test_secrets_are_files_and_each_one_is_given_to_who_reads_it() -> None:
    assert {s["file"] for s in COMPOSE["secrets"].values()} == {
        f"secrets/{name}" for name in COMPOSE["secrets"]
    }
    for name, service in SERVICES.items():
        read = re.findall(r"/run/secrets/(\w+)", str(service.get("environment", {})))
        assert set(read) == set(service.get("secrets", [])), name
        secret = [k for k in service.get("environment", {}) if k.endswith(("PASSWORD", "KEYS"))]
        assert secret == [], "a secret that every process list shows"


def test_secrets_are_kept_out_of_the_repository() -> None:
    assert (DEPLOY / ".gitignore").read_text(encoding="utf-8").split() == ["secrets/"]


def test_ports_are_published_on_this_machine_only() -> None:
    published = [port for s in SERVICES.values() for port in s.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert SERVICES["api"]["ports"] == [f"127.0.0.1:8080:{habar()['HTTP_PORT']}"]


def test_what_is_mounted_is_there() -> None:
    mounted = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    for source in mounted:
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
        else:
            assert source in COMPOSE["volumes"], source


def test_images_are_of_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {SERVICES[role]["image"] for role in ROLES} == {f"habar:{project['version']}"}
    images = [service["image"] for service in SERVICES.values()]
    assert all(re.search(r":v?\d", image) for image in images)
    assert (DEPLOY / SERVICES["api"]["build"] / "Dockerfile").exists()


def test_prometheus_finds_every_process() -> None:
    (config,) = documents(DEPLOY / "prometheus/prometheus.yml")
    (job,) = (j for j in config["scrape_configs"] if j["job_name"] == "habar")
    (found,) = job["dns_sd_configs"]
    assert str(found["port"]) == habar()["HTTP_PORT"]
    for role in ROLES:
        assert set(found["names"]) <= set(SERVICES[role]["networks"]["default"]["aliases"])
    assert "authorization" in job or habar()["METRICS_OPEN"] == "true"


def test_grafana_reads_prometheus_and_the_dashboards() -> None:
    (source,) = documents(DEPLOY / "provisioning/datasource.yaml")
    (dashboards,) = documents(DEPLOY / "provisioning/dashboards.yaml")
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    targets = [Path(volume.split(":")[1]) for volume in SERVICES["grafana"]["volumes"]]
    assert all(Path(p["options"]["path"]) in targets for p in dashboards["providers"])


def habar() -> dict[str, str]:
    environment: dict[str, str] = SERVICES["api"]["environment"]
    return environment
