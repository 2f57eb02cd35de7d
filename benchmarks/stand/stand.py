"""What runs beside one another: gateways and yardsticks here, providers and loads there."""

import os
import shutil
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ports import HOST, free_port
from benchmarks.stand.databases import Databases
from benchmarks.stand.program import Program, pinned, running

_BENCHMARKS = Path(__file__).parents[1]
_BASELINES = _BENCHMARKS / "baselines"
_MOST_S = "3600"
_KANNEL = ("bearerbox", "smsbox")

HABAR = Path(sys.executable).with_name("habar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where programs are started, and how long each round lasts.

    Attributes:
        server_cpu: the processor of gateways and yardsticks.
        load_cpu: that of sinks and loads.
        rounds: how often everything is measured.
        seconds: of each round.
    """

    folder: Path
    databases: Databases
    server_cpu: int
    load_cpu: int
    rounds: int
    seconds: int

    def sink(self, *, latency_ms: int = 0) -> AbstractContextManager[Program]:
        """Start a provider."""
        port = free_port()
        words = ["--port", str(port), "--latency-ms", str(latency_ms), "--max-seconds", _MOST_S]
        command = [*pinned(self.load_cpu), sys.executable, str(_BENCHMARKS / "sink.py"), *words]
        return running("SINK", port, command, folder=self.folder)

    def gateway(self, sink: Program, *, concurrency: int) -> AbstractContextManager[Program]:
        """Start Habar on an empty database, with a sink for a provider."""
        settings = {
            "SMS_PROVIDER": "smscru",
            "SMSCRU_USERNAME": "u",
            "SMSCRU_PASSWORD": "p",
            "SMSCRU_BASE_URL": sink.url,
            "SMSCRU_CONCURRENCY": str(concurrency),
        }
        return self._gateway({**settings, **self.databases.fresh()})

    def dummy_gateway(self, database: dict[str, str]) -> AbstractContextManager[Program]:
        """Start Habar on a database, with the dummy provider."""
        return self._gateway({"SMS_DUMMY": "true", **database})

    def naive(self, sink: Program) -> AbstractContextManager[Program]:
        """Start the plain design, with the same sink."""
        settings = {"SINK": sink.url, "DB": str(self.folder / f"naive-{free_port()}.db")}
        return self._uvicorn("NAIVE", "naive_app:app", settings)

    def bare(self) -> AbstractContextManager[Program]:
        """Start the accept that does nothing else."""
        return self._uvicorn("BARE", "bare_asgi:app", {})

    def kannel(self, sink: Program) -> AbstractContextManager[Program]:
        """Start Kannel with its store in a file, with the same sink."""
        port = free_port(neighbours=3)
        words = ["--sink", sink.url, "--port", str(port), "--max-seconds", _MOST_S]
        command = self._on_server_cpu(
            sys.executable, _BASELINES / "kannel.py", *words, "--store", "file"
        )
        return running("KANNEL", port, command, folder=self.folder)

    def _gateway(self, settings: dict[str, str]) -> AbstractContextManager[Program]:
        port = free_port()
        return running(
            "GATEWAY",
            port,
            self._on_server_cpu(HABAR, "serve"),
            folder=self.folder,
            settings={**settings, "HTTP_PORT": str(port)},
        )

    def _uvicorn(
        self, name: str, app: str, settings: dict[str, str]
    ) -> AbstractContextManager[Program]:
        port = free_port()
        words = [app, "--app-dir", str(_BASELINES), "--host", HOST, "--port", str(port)]
        command = self._on_server_cpu(sys.executable, "-m", "uvicorn", *words, "--no-access-log")
        return running(name, port, command, folder=self.folder, settings=settings)

    def _on_server_cpu(self, *command: str | Path) -> list[str | Path]:
        return [*pinned(self.server_cpu), *command]


def kannel_is_installed() -> bool:
    """Tell whether Kannel can be run."""
    return all(shutil.which(box) or shutil.which(f"/usr/sbin/{box}") for box in _KANNEL)


def processors() -> tuple[int, int]:
    """Return the processors of servers and of loads: the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[min(1, len(usable) - 1)]
