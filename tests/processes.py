"""Habar as its users run it: processes of its own, ended by their ids."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx

from adapters.persistence.engines import DatabaseTarget

HABAR = Path(sys.executable).with_name("habar")
ACCOUNTS = {
    "SMS_PROVIDER": "smscru",
    "SMSCRU_USERNAME": "habar",
    "SMSCRU_PASSWORD": "secret",
    "TWILIO_SID": "AC00000000000000000000000000000001",
    "TWILIO_TOKEN": "0123456789abcdef0123456789abcdef",
    "TWILIO_PHONE": "+15005550006",
    "EPOCHTASMSRU_USERNAME": "habar@example.com",
    "EPOCHTASMSRU_PASSWORD": "secret",
    "EPOCHTASMSRU_SENDER": "HABAR",
    "MOBIZONKZ_API_KEY": "kz00000000000000000000000000000000000001",
}
"""What the simulator lets in unless it is told otherwise."""
PROVIDERS = ("smscru", "twilio", "epochtasmsru", "mobizonkz")
_READY = re.compile(r"running on (http://127\.0\.0\.1:[0-9]+)|listens on (http://\S+)")
_START_S = 60.0
_END_S = 30.0

Json = dict[str, Any]


class Program:
    """A process of ``habar``; all it writes goes to one file.

    Attributes:
        url: where it listens; empty where it ended before it did.
        unread: those whose output the scan of the logs has not seen the end of.
    """

    unread: ClassVar["list[Program]"] = []

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.arguments = arguments
        self.folder = folder
        self.settings = settings
        self._read = 0
        self._output = folder / f"output-{time.monotonic_ns()}"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                [HABAR, *arguments],
                env={**inherited, "DATA_DIR": str(folder / "data"), **settings},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.url = ""
        self.unread.append(self)

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything it has written so far."""
        return self._output.read_text(encoding="utf-8")

    def news(self) -> str:
        """Return the whole lines it has written since this was last asked."""
        written = self._output.read_bytes()[self._read :]
        if not self.has_ended:
            written = written[: written.rfind(b"\n") + 1]
        self._read += len(written)
        return written.decode(errors="replace")

    @property
    def has_ended(self) -> bool:
        """Whether it writes nothing any more."""
        return self._process.poll() is not None

    def wait_ready(self) -> None:
        """Wait until it listens or has ended."""
        deadline = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            found = _READY.search(self.output)
            if found:
                self.url = found[1] or found[2]
                return
            time.sleep(0.02)

    def wait(self, timeout_s: float = _END_S) -> int:
        """Wait until it ends by itself, and return its exit code."""
        return self._process.wait(timeout_s)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.send_signal(signal.SIGTERM)

    def pause(self) -> None:
        """Stop it where it is, as a frozen virtual machine is."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on; it does not know that it was stopped."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait(_END_S)

    def stop(self) -> int:
        """Ask it to end, wait, and return its exit code."""
        self.terminate()
        return self.wait()


def gateway(folder: Path, **settings: str) -> Program:
    """Start ``habar serve`` on a free port."""
    program = Program(folder, "serve", **{"HTTP_PORT": "0", **settings})
    program.wait_ready()
    return program


@contextmanager
def running_gateway(folder: Path, **settings: str) -> Iterator[Program]:
    """Run ``habar serve`` on a free port for as long as the block lasts."""
    program = gateway(folder, **settings)
    try:
        assert program.url, program.output
        yield program
    finally:
        program.kill()


@contextmanager
def running_simulator(folder: Path, *arguments: str) -> Iterator[Program]:
    """Run ``habar simulate`` on a free port for as long as the block lasts."""
    program = Program(folder, "simulate", "--port", "0", *arguments)
    program.wait_ready()
    try:
        assert program.url, program.output
        yield program
    finally:
        program.kill()


def provided(url: str, **settings: str) -> dict[str, str]:
    """Return the settings of a gateway whose four providers are the simulator there."""
    urls = {f"{code.upper()}_BASE_URL": url for code in PROVIDERS}
    return {**ACCOUNTS, **urls, **settings}


def stored(target: DatabaseTarget) -> Mapping[str, str]:
    """Return the settings of a gateway that keeps its messages there."""
    return {"DATABASE_URL": target.url.render_as_string(hide_password=False)}


class Client:
    """A caller of the gateway, and a hand on the simulator."""

    def __init__(self, gateway: Program, simulator: Program) -> None:
        self._http = httpx.Client(timeout=30, trust_env=False)
        self._gateway = gateway
        self._simulator = simulator

    def __enter__(self) -> Self:
        """Begin; connections are made when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        self._http.close()

    def post(self, path: str, **body: object) -> Json:
        """Post to the gateway, and have what became of it shown; the answer's body."""
        url = f"{self._gateway.url}{path}"
        answer = self._http.post(url, json=body, headers={"Prefer": "return=representation"})
        assert answer.status_code == httpx.codes.OK, answer.text
        content: Json = answer.json()
        return content

    def send(self, path: str, headers: dict[str, str], **body: object) -> httpx.Response:
        """Post to the gateway; the whole answer, whatever it is."""
        return self._http.post(f"{self._gateway.url}{path}", json=body, headers=headers)

    def queue(self, **body: object) -> list[Json]:
        """Have messages sent in the background; a row for each."""
        headers = {"Prefer": "respond-async, return=representation"}
        answer = self.send("/sms", headers, **body)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        rows: list[Json] = answer.json()["content"]["messages"]
        return rows

    def cancel(self, message_id: str) -> int:
        """Call a message back; the HTTP status says whether that was in time."""
        url = f"{self._gateway.url}/messages/{message_id}/cancel"
        return self._http.post(url).status_code

    def wait_for(self, message_id: str, *statuses: str, timeout_s: float = 30) -> Json:
        """Wait until a message is in one of these states; the message."""
        deadline = time.monotonic() + timeout_s
        while (message := self.message(message_id))["status"] not in statuses:
            assert time.monotonic() < deadline, message
            time.sleep(0.05)
        return message

    def message(self, message_id: str) -> Json:
        """Return what the gateway knows of a message."""
        answer = self._http.get(f"{self._gateway.url}/messages/{message_id}").json()
        message: Json = answer["content"]["message"]
        return message

    def sent(self, **query: str) -> list[Json]:
        """Return what the providers were made to send."""
        found: list[Json] = self._http.get(
            f"{self._simulator.url}/simulator/sent", params=query
        ).json()
        return found

    def traffic(self, provider: str) -> dict[str, int]:
        """Return what a provider has counted."""
        report = self._http.get(f"{self._simulator.url}/simulator/requests").json()
        counts: dict[str, int] = report[provider]
        return counts

    def fault(self, **fault: object) -> None:
        """Make a provider misbehave."""
        answer = self._http.post(f"{self._simulator.url}/simulator/faults", json=fault)
        assert answer.status_code == httpx.codes.OK, answer.text

    def state(self, **state: object) -> None:
        """Choose what a provider says when it is asked what became of messages."""
        answer = self._http.post(f"{self._simulator.url}/simulator/states", json=state)
        assert answer.status_code == httpx.codes.OK, answer.text

    def latency(self, seconds: float) -> None:
        """Make every provider take so long."""
        self._http.post(f"{self._simulator.url}/simulator/latency", json={"seconds": seconds})

    def forget(self) -> None:
        """Empty the simulator's logs and switch its faults off."""
        self.forget_faults()
        for what in ("sent", "requests", "states"):
            self._http.delete(f"{self._simulator.url}/simulator/{what}")

    def forget_faults(self) -> None:
        """Let every provider behave again."""
        self._http.delete(f"{self._simulator.url}/simulator/faults")
        self.latency(0)
