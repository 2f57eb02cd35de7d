"""``habar serve`` as a process of its own, on a free port."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_URL = re.compile(r"running on (http://\S+:\d+)")


@contextmanager
def living(folder: Path, **settings: str) -> Iterator[str]:
    """Run a gateway with the dummy provider for as long as the block lasts; yield its URL."""
    program = "from entrypoints.cli.main import main; main()"
    paths = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    log = folder / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", program, "serve", "--port", "0"],
            cwd=folder,
            env={**paths, "SMS_DUMMY": "true", **settings},
            stderr=errors,
        ) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert process.returncode == 0, log.read_text()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        if found := _URL.search(log.read_text()):
            return found[1]
    raise AssertionError(log.read_text())
