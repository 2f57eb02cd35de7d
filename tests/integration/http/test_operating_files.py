"""The dashboard and the rules speak of metrics there are, and the rules ring when they should."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.http.service import dummy, serving

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = DEPLOY / "prometheus"
DASHBOARD = DEPLOY / "grafana" / "habar.json"
ALERTS = [
    "HabarQueueOld",
    "HabarUnknownOutcomes",
    "HabarDeliveryRateDrop",
    "HabarBreakerOpen",
    "HabarBalanceLow",
    "HabarWebhookBacklog",
]


def dashboard() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize(
    "place", [DASHBOARD, RULES / "alerts.yml", RULES / "alerts_test.yml", Path("docs/metrics.md")]
)
async def test_every_metric_that_is_named_exists(place: Path, tmp_path: Path) -> None:
    async with serving(dummy(tmp_path)) as service:
        shown = (await service.client.get("/metrics")).text
    there = set(re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE))
    named = set(re.findall(r"\bhabar_\w+", (DEPLOY.parent / place).read_text(encoding="utf-8")))
    parts = re.compile(r"_(bucket|sum|count)\Z")
    assert len(named) >= 6
    assert {name for name in named if name not in there and parts.sub("", name) not in there} == (
        {"habar_metrics_key"} & named
    )


async def test_every_metric_is_documented(tmp_path: Path) -> None:
    async with serving(dummy(tmp_path)) as service:
        shown = (await service.client.get("/metrics")).text
    text = (DEPLOY.parent / "docs/metrics.md").read_text(encoding="utf-8")
    there = re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE)
    assert [name for name in there if f"`{name}" not in text] == []


def test_the_dashboard_is_one_that_can_be_provisioned() -> None:
    content = dashboard()
    assert (content["uid"], content["title"]) == ("habar", "Habar")
    panels = content["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 14
    variables = {variable["name"]: variable for variable in content["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    sources = {target["datasource"]["uid"] for panel in panels for target in panel["targets"]}
    assert sources == {"${datasource}"}
    used = set(re.findall(r"\$(\w+)", json.dumps([panel["targets"] for panel in panels])))
    assert used - {"__rate_interval"} <= set(variables)


def test_panels_do_not_cover_one_another() -> None:
    cells = [
        (x, y)
        for panel in dashboard()["panels"]
        for grid in [panel["gridPos"]]
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_alert_is_there_and_has_a_case() -> None:
    rules = (RULES / "alerts.yml").read_text(encoding="utf-8")
    cases = (RULES / "alerts_test.yml").read_text(encoding="utf-8")
    names = re.findall(r"alert: (\w+)", rules)
    assert set(ALERTS) <= set(names)
    assert [name for name in names if f"alertname: {name}\n" not in cases] == []


@pytest.mark.parametrize(
    "arguments", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")]
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        reason = "NO PROMTOOL: the alert rules are not tested; apt install prometheus"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(  # noqa: S603 - our own words
        [promtool, *arguments], cwd=RULES, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
