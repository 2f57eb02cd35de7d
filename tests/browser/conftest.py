"""A browser, and gateways on both databases to look at."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Browser, Page, sync_playwright

from adapters.persistence.engines import DatabaseTarget
from tests.integration.conftest import postgres_server
from tests.integration.processes.conftest import folder, lasting_target, simulator
from tests.processes import Client, Program, provided, running_gateway, stored

__all__ = ["folder", "lasting_target", "postgres_server", "simulator"]
PASSWORD = "four plain words together"
_QUIET = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MS = 10_000
_names = itertools.count()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "NO CHROMIUM: no page is looked at; on Debian: apt install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page of somebody new; nothing may complain on its console."""
    with chromium.new_context(viewport={"width": 1200, "height": 800}) as context:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if _is_complaint(said.text) else None,
        )
        yield page
        assert complaints == []


@pytest.fixture(scope="module")
def gateway(folder: Path, simulator: Program, lasting_target: DatabaseTarget) -> Iterator[Program]:
    """A gateway nobody has to sign in at from here."""
    settings = provided(
        simulator.url, **stored(lasting_target), SMSCRU_TIMEOUT="1", LOOKUP_DELAYS="1,2"
    )
    with running_gateway(folder / f"gateway-{next(_names)}", **settings) as running:
        yield running


@pytest.fixture
def guarded(folder: Path, simulator: Program) -> Iterator[Program]:
    """A gateway with a user ``admin``."""
    settings = provided(simulator.url, DASHBOARD_PASSWORD=PASSWORD)
    with running_gateway(folder / f"guarded-{next(_names)}", **settings) as running:
        yield running


@pytest.fixture
def provider(gateway: Program, simulator: Program) -> Iterator[Client]:
    """A hand on the providers, who behave before and afterwards."""
    with Client(gateway, simulator) as client:
        client.forget_faults()
        yield client
        client.forget_faults()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder for pictures of pages: of the documents where ``HABAR_PICTURES`` says so."""
    return Path(os.environ.get("HABAR_PICTURES") or tmp_path)


def check_access(page: Page) -> None:
    """Refuse what a screen reader or a keyboard could not get along with."""
    found = Axe().run(page).response["violations"]
    grave = [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert grave == []


def _is_complaint(text: str) -> bool:
    """Tell a defect from Chromium's notes on answers that are no success, which tests want."""
    return not text.startswith("Failed to load resource")
