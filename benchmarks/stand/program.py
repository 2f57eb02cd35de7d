"""A process on 127.0.0.1, pinned to a processor, ended by its id."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ports import HOST, wait_port

_START_S = 20.0
_END_S = 30.0
_KEPT = ("PATH", "HOME", "LANG")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that listens.

    Attributes:
        name: what commands that are shown call it, ``$NAME`` and ``$NAME_PID``.
    """

    name: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"


def pinned(cpu: int) -> list[str]:
    """Begin a command that stays on a processor; nothing where there is no taskset."""
    return ["taskset", "-c", str(cpu)] if shutil.which("taskset") else []


def bare_environment(**settings: str) -> dict[str, str]:
    """Return settings and what any program needs; nothing else of ours gets in."""
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **settings}


@contextmanager
def running(
    name: str,
    port: int,
    command: Sequence[str | Path],
    *,
    folder: Path,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """Run a program for as long as the block lasts; all it writes goes to a file.

    Raises:
        RuntimeError: it does not listen; with the end of what it wrote.
    """
    log = folder / f"{name.lower()}-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=bare_environment(**(settings or {})),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        if not wait_port(port, _START_S) or process.poll() is not None:
            raise RuntimeError(f"{name} does not listen:\n{log.read_text()[-2000:]}")
        yield Program(name, port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END_S)
