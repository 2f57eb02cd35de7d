"""A noisy day, and everything the process wrote about it: no number, no text, no secret."""

import json
import re
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import anyio.to_thread
import httpx
import psycopg
import pytest

from adapters.persistence.engines import DatabaseTarget
from entrypoints.simulator.accounts import (
    EpochtasmsruAccount,
    MobizonkzAccount,
    SimulatorSettings,
    SmscruAccount,
    TwilioAccount,
)
from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.faults import Fault, FaultKind
from entrypoints.simulator.simulator import Simulator
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import PostgresServer, libpq
from tests.processes import PROVIDERS, provided, running_gateway

PHONES = ("77011234567", "77770001122", "79161234567", "14155552671", "4915112345678", "29022222")
WORDS = ("Wasserfall4821", "Сорок-восемь", "Қырықсегіз")
SECRETS = {
    "SMSCRU_PASSWORD": "Passwort-eins",
    "TWILIO_SID": "AC00000000000000000000000000000042",
    "TWILIO_TOKEN": "fedcba9876543210fedcba9876543210",
    "EPOCHTASMSRU_PASSWORD": "Passwort-zwei",
    "MOBIZONKZ_API_KEY": "kz00000000000000000000000000000000000042",
    "API_KEYS": "Schluessel-drei,Schluessel-vier",
}
DATABASE_PASSWORD = "Passwort-fuenf"
FORGED = "2026-11-23T00:00:00.000000Z [critical ] forged"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    settings = SimulatorSettings(
        smscru=SmscruAccount(login="habar", password=SECRETS["SMSCRU_PASSWORD"]),
        twilio=TwilioAccount(sid=SECRETS["TWILIO_SID"], token=SECRETS["TWILIO_TOKEN"]),
        epochtasmsru=EpochtasmsruAccount(password=SECRETS["EPOCHTASMSRU_PASSWORD"]),
        mobizonkz=MobizonkzAccount(api_key=SECRETS["MOBIZONKZ_API_KEY"]),
    )
    async with serve_simulator(settings) as simulator:
        yield simulator


@pytest.fixture(params=["console", "json"])
def log_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target(log_format: str, tmp_path: Path, request: pytest.FixtureRequest) -> DatabaseTarget:
    """SQLite for one form of the log, PostgreSQL for the other."""
    if log_format == "console":
        return sqlite_target(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return postgres_target(server)


async def test_a_noisy_day_gives_nothing_away(
    tmp_path: Path, simulator: Simulator, target: DatabaseTarget, log_format: str
) -> None:
    url = target.url
    if target.sqlite_path is None:
        url = url.set(password=DATABASE_PASSWORD)
    settings = {
        **provided(simulator.url),
        **SECRETS,
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": log_format,
        **{f"{code.upper()}_TIMEOUT": "1" for code in PROVIDERS},
        **{f"{code.upper()}_CONCURRENCY": "40" for code in PROVIDERS},
    }
    simulator.faults.add(Fault(fault=FaultKind.STATUS, http_status=500, times=2))
    output = await anyio.to_thread.run_sync(_noisy_day, tmp_path, settings, simulator, target)
    assert len(output.splitlines()) > 5
    for phone in PHONES:
        assert phone not in output
    for word in (*WORDS, DATABASE_PASSWORD, *",".join(SECRETS.values()).split(",")):
        assert word.lower() not in output.lower()
    for word in ("authorization", "bearer", "basic ", "apikey=", "psw=", "xml="):
        assert word not in output.lower()
    assert "forged" not in output
    assert not re.search(r"(?<![0-9])[0-9]{8,}(?![0-9])", TIMESTAMP.sub("", UUID.sub("", output)))
    for line in output.splitlines():
        assert TIMESTAMP.search(line) or line.startswith("  File") or "    " in line or not line
        if log_format == "json":
            assert TIMESTAMP.fullmatch(json.loads(line)["timestamp"])


def _noisy_day(
    folder: Path, settings: dict[str, str], simulator: Simulator, target: DatabaseTarget
) -> str:
    with running_gateway(folder / "gateway", **settings) as gateway:
        headers = {"Authorization": "Bearer Schluessel-drei"}
        with httpx.Client(base_url=gateway.url, headers=headers, trust_env=False) as http:
            cases = [(provider, kind) for kind in FaultKind for provider in PROVIDERS]
            for kind in FaultKind:
                fault = Fault(fault=kind, contains=f"{kind} ", code=7, seconds=2, size=2_000_000)
                simulator.faults.add(fault)
            with ThreadPoolExecutor(len(cases)) as callers:
                list(callers.map(lambda case: _send(http, *case), cases))
            simulator.faults.clear()
            _bad_input(http, gateway.url)
            with _storage_broken(target):
                http.post("/blacklist", json={"phone": PHONES[0]}, timeout=30)
                _send(http, "smscru")
                http.get("/blacklist", params={"phone": PHONES[0]})
                http.get("/readyz")
        gateway.terminate()
        gateway.wait()
        return gateway.output


def _send(http: httpx.Client, provider: str, kind: str = "") -> None:
    text = f"{kind} {' '.join(WORDS)}"
    body = {"phones": list(PHONES), "message": text, "provider": provider}
    http.post("/sms", json=body, timeout=30)


def _bad_input(http: httpx.Client, url: str) -> None:
    for phone in PHONES:
        for method in ("POST", "GET", "DELETE", "GET"):
            http.request(method, "/blacklist", json={"phone": f"+{phone}"})
            http.request(method, "/blacklist", params={"phone": f"+{phone}"})
        http.post("/sms", json={"phones": [phone, f"{phone}{phone}", "\n" + FORGED], "message": ""})
        http.post("/sms", json={"phones": phone, "message": WORDS[0], "provider": f"\n{FORGED}"})
        http.post("/call", json={"phones": phone, "message": f"{WORDS[0]}\n{FORGED}"})
        http.get(f"/messages/{phone}%0A{FORGED}")
        http.get(f"/{WORDS[0]}/%2B{phone}", params={"text": WORDS[1]})
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, f'"{WORDS[0]}'.encode(), b"null"):
        http.post("/sms", content=body)
    http.post("/sms", content=b"x" * 5_000_000)
    http.get("/livez", headers={"Authorization": f"Bearer {WORDS[0]}\t{PHONES[0]}"})
    http.get("/blacklist", headers={"Authorization": "Bearer Schluessel-falsch"})
    address = httpx.URL(url)
    for garbage in (f"\r\n{FORGED}\r\n\r\n", f"GET /{PHONES[0]} HTTP/9\r\n\r\n", "\x16\x03\x01"):
        with socket.create_connection((address.host, address.port or 0)) as connection:
            connection.sendall(garbage.encode())
            connection.settimeout(0.2)
            try:
                connection.recv(100)
            except (TimeoutError, ConnectionError):
                continue


@contextmanager
def _storage_broken(target: DatabaseTarget) -> Iterator[None]:
    """Take the tables away behind the gateway's back."""
    with ExitStack() as stack:
        connection: sqlite3.Connection | psycopg.Connection
        if target.sqlite_path is not None:
            connection = stack.enter_context(closing(sqlite3.connect(target.sqlite_path)))
        else:
            connection = stack.enter_context(psycopg.connect(libpq(target.url)))
        connection.execute("ALTER TABLE sms_messages RENAME TO elsewhere")
        connection.execute("ALTER TABLE sms_blacklist RENAME TO elsewhere_too")
        connection.commit()
        yield
