"""Starts Kannel (bearerbox + smsbox) unprivileged in a temporary directory, aimed at a sink.

    kannel.py --sink http://127.0.0.1:9100 --port 13013 [--store file|spool|none] [--cpu 0]

It needs the Debian packages kannel and (for the sink) nginx-light, and the three ports after the
one named. Then:

    GET http://127.0.0.1:13013/cgi-bin/sendsms?username=u&password=p&to=79161234567&text=hi
    -> 202 "0: Accepted for delivery"   (the provider is called afterwards)

Prints {"ready":true,"pid":...} with its own pid (bearerbox and smsbox are its children, so
--pid takes them along) and ends them on SIGTERM/SIGINT or after --max-seconds.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.ports import wait_port

_CONFIG = """\
group = core
admin-port = {admin}
admin-password = bench
admin-allow-ip = "127.0.0.1"
smsbox-port = {box}
box-allow-ip = "127.0.0.1"
log-level = 3
{store}

group = smsc
smsc = http
smsc-id = sink
system-type = generic
send-url = "{sink}/sys/send.php?login=a&psw=b&fmt=3&phones=%p&mes=%b"
status-success-regex = "cnt"
status-permfail-regex = "error"
port = {smsc}
connect-allow-ip = "127.0.0.1"
max-pending-submits = {pending}

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {port}
log-level = 3
global-sender = bench

group = sendsms-user
username = u
password = p
max-messages = 10
concatenation = true

group = sms-service
keyword = default
text = "none"
"""
_STORES = {"file": "kannel.store", "spool": "spool"}
_POLL_S = 0.2
_END_S = 10


class _Boxes:
    """Kannel's two processes."""

    def __init__(self, folder: Path, given: argparse.Namespace) -> None:
        self._folder = folder
        self._given = given
        self._config = folder / "kannel.conf"
        self._config.write_text(_config(folder, given), encoding="utf-8")
        self._children: list[subprocess.Popen[bytes]] = []
        self._told_to_end = False

    def start(self) -> bool:
        """Start both; where one does not listen, show its log and return False."""
        for program, port in (("bearerbox", self._given.port + 2), ("smsbox", self._given.port)):
            path = shutil.which(program) or f"/usr/sbin/{program}"
            log = self._folder / f"{program}.log"
            with log.open("wb") as output:
                self._children.append(
                    subprocess.Popen(
                        [path, "-v", "3", str(self._config)],
                        cwd=self._folder,
                        stdout=output,
                        stderr=output,
                    )
                )
            if not wait_port(port):
                print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
                return False
        return True

    def say_ready(self) -> None:
        """Print the one line that says that Kannel answers."""
        line = {
            "ready": True,
            "pid": os.getpid(),
            "port": self._given.port,
            "store": self._given.store,
            "admin": self._given.port + 1,
            "dir": str(self._folder),
            "children": [child.pid for child in self._children],
        }
        print(json.dumps(line), flush=True)

    def wait(self) -> None:
        """Wait until told to end, until it is time, or until one of them has ended."""
        end = time.monotonic() + self._given.max_seconds
        while not self._told_to_end and time.monotonic() < end and self._live():
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End both, the one that was started last first."""
        for child in reversed(self._children):
            child.terminate()
        for child in self._children:
            try:
                child.wait(_END_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(_END_S)

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal to end."""
        self._told_to_end = True

    def _live(self) -> bool:
        return all(child.poll() is None for child in self._children)


def _config(folder: Path, given: argparse.Namespace) -> str:
    store = ""
    if given.store in _STORES:
        place = folder / _STORES[given.store]
        store = f'store-type = {given.store}\nstore-location = "{place}"'
    if given.store == "spool":
        place.mkdir()
    return _CONFIG.format(
        admin=given.port + 1,
        box=given.port + 2,
        smsc=given.port + 3,
        port=given.port,
        store=store,
        sink=given.sink.rstrip("/"),
        pending=given.pending,
    )


def main() -> int:
    """Run Kannel as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sink", default="http://127.0.0.1:9100")
    add("--port", type=int, default=13013)
    add("--store", choices=("file", "spool", "none"), default="file")
    add("--pending", type=int, default=64, help="provider requests in flight")
    add("--cpu", type=int, default=None)
    add("--max-seconds", type=float, default=3600)
    given = parser.parse_args()
    if given.cpu is not None:
        os.sched_setaffinity(0, {given.cpu})
    with tempfile.TemporaryDirectory(prefix="kannel-", ignore_cleanup_errors=True) as folder:
        boxes = _Boxes(Path(folder), given)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, boxes.end)
        try:
            if not boxes.start():
                return 1
            boxes.say_ready()
            boxes.wait()
        finally:
            boxes.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
