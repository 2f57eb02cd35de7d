"""The sink as an nginx: one process, a temporary folder, loopback only."""

import contextlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.ports import wait_port
from benchmarks.sinks.answers import NO_SUCH_PATH, PLAIN_BODY, SMSC_BODY, TWILIO_BODY
from benchmarks.sinks.order import Order, say_ready

_CONFIG = """\
{load_module}
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; multi_accept on; }}
http {{
  access_log off;
  default_type application/json;
  server_tokens off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_max_body_size 64m;
  client_body_buffer_size 256k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /sys/send.php {{ {smsc} }}
    location ~ ^/2010-04-01/Accounts/[^/]+/Messages\\.json$ {{ {twilio} }}
    location = /ok {{ default_type text/plain; {plain} }}
    location = /stub {{ stub_status; }}
    location / {{ return 404 '{no_such_path}'; }}
  }}
}}
"""
_MODULE_FOLDERS = (
    "/usr/lib/nginx/modules",
    "/usr/lib64/nginx/modules",
    "/usr/local/nginx/modules",
)
_POLL_S = 0.5
_END_S = 10


def nginx_binary() -> str | None:
    """Find nginx, which may be outside of an ordinary user's PATH."""
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


def echo_module() -> Path | None:
    """Find the module that lets nginx answer late."""
    paths = (Path(folder) / "ngx_http_echo_module.so" for folder in _MODULE_FOLDERS)
    return next((path for path in paths if path.exists()), None)


def run_nginx(order: Order) -> int:
    """Serve until told to end; the exit code."""
    binary = nginx_binary()
    if binary is None:
        sys.exit("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="sink-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        config, errors = folder / "nginx.conf", folder / "error.log"
        config.write_text(_config(folder, order), encoding="utf-8")
        child = subprocess.Popen([binary, "-p", name, "-e", str(errors), "-c", str(config)])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: child.terminate())
        if not wait_port(order.port) or child.poll() is not None:
            child.kill()
            child.wait(_END_S)
            print(errors.read_text(), file=sys.stderr)
            return 1
        say_ready(order, "nginx", child.pid)
        _wait(child, order)
        child.terminate()
        child.wait(_END_S)
    return 0


def _wait(child: subprocess.Popen[bytes], order: Order) -> None:
    end = time.monotonic() + order.max_seconds
    while child.poll() is None and time.monotonic() < end:
        if order.until_stdin_closes:
            if select.select([sys.stdin], [], [], _POLL_S)[0] and not sys.stdin.read(1):
                return
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_POLL_S)


def _config(folder: Path, order: Order) -> str:
    smsc = SMSC_BODY % "$connection$connection_requests"
    twilio = TWILIO_BODY % "$request_id"
    load_module = ""
    blocks = {
        "smsc": f"return 200 '{smsc}';",
        "twilio": f"return 201 '{twilio}';",
        "plain": f"return 200 '{PLAIN_BODY}';",
    }
    if order.latency_ms:
        load_module = f"load_module {echo_module()};"
        sleep = f"echo_sleep {order.latency_ms / 1000:.3f};"
        blocks = {
            "smsc": f"{sleep} echo -n '{smsc}';",
            "twilio": f"echo_status 201; {sleep} echo -n '{twilio}';",
            "plain": f"{sleep} echo -n '{PLAIN_BODY}';",
        }
    return _CONFIG.format(
        load_module=load_module,
        folder=folder,
        port=order.port,
        no_such_path=NO_SUCH_PATH,
        **blocks,
    )
