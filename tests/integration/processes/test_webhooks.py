"""A gateway tells two receivers: the one for development, and the one of the documentation."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.processes import Program, running_gateway

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "QUJD" * 8
DELIVERY = Path(__file__).parents[3] / "docs/delivery.md"
PATIENCE_S = 30.0


def until(condition: Callable[[], object], text: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, text()
        time.sleep(0.05)


@contextmanager
def listening(place: Path, secret: str) -> Iterator[Program]:
    program = Program(place, "webhooks", "listen", "--port", "0", "--secret", secret)
    program.wait_ready()
    try:
        assert program.url, program.output
        yield program
        assert program.stop() == 0
    finally:
        program.kill()


@contextmanager
def documented(place: Path, secret: str) -> Iterator[tuple[str, Path]]:
    """The receiver of the documentation; its address, and what it prints."""
    (code,) = re.findall(r"```python\n(.*?)```", DELIVERY.read_text(encoding="utf-8"), re.DOTALL)
    # A free port is chosen by the system, and only the program knows which.
    code = code.replace(
        'ThreadingHTTPServer(("127.0.0.1"', 'server = ThreadingHTTPServer(("127.0.0.1"'
    )
    code = code.replace(
        ", Receiver).serve_forever()",
        ", Receiver)\nprint(server.server_port, flush=True)\nserver.serve_forever()",
    )
    output = place / "receiver"
    with (
        output.open("wb") as written,
        subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", code],
            env={"WEBHOOK_SECRET": secret, "PORT": "0"},
            stdout=written,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            until(lambda: output.read_text().endswith("\n"), output.read_text)
            yield f"http://127.0.0.1:{output.read_text().split()[0]}", output
        finally:
            process.kill()


def test_everybody_who_knows_one_of_the_secrets_is_told_and_nobody_else(tmp_path: Path) -> None:
    with (
        listening(tmp_path / "listener", SECRET) as listener,
        listening(tmp_path / "stranger", "whsec_" + "eHl6" * 8) as stranger,
        documented(tmp_path, OTHER) as (url, output),
        running_gateway(
            tmp_path / "gateway",
            SMS_DUMMY="true",
            WEBHOOK_URLS=f"{listener.url}/habar?key=s3cret,{url},{stranger.url}",
            WEBHOOK_SECRETS=f"{SECRET},{OTHER}",
            WEBHOOK_ALLOW_PRIVATE="true",
        ) as gateway,
    ):
        body = {"phones": "77011234567", "message": "Hello"}
        assert httpx.post(f"{gateway.url}/sms", json=body).json() == {"status": True}
        until(lambda: listener.output.count("good signature") == 2, lambda: listener.output)
        until(lambda: stranger.output.count("BAD SIGNATURE") == 2, lambda: stranger.output)
        until(lambda: output.read_text().count("message.") == 2, output.read_text)
        assert "BAD SIGNATURE" not in listener.output
        assert "good signature" not in stranger.output
        assert "s3cret" not in gateway.output
    for kind in ("message.submitted", "message.delivered"):
        assert kind in listener.output
        assert kind in output.read_text()


def test_a_secret_that_is_none_is_told_and_not_shown(tmp_path: Path) -> None:
    program = Program(tmp_path, "webhooks", "listen", "--port", "0", "--secret", "s3cret")
    assert program.wait() == 1
    assert "whsec_" in program.output
    assert "s3cret" not in program.output
