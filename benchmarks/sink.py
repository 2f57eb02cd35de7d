#!/usr/bin/env python3
"""A fake SMS provider for benchmarks: answers at once, or after a fixed delay.

    sink.py --port 9100                     # nginx when installed, else the Python engine
    sink.py --port 9101 --latency-ms 50     # Python engine (or nginx with the echo module)
    sink.py --port 9102 --engine python --fail-rate 0.01

Endpoints
    GET|POST /sys/send.php                              200 {"id":N,"cnt":1}         (smsc.ru, fmt=3)
    POST     /2010-04-01/Accounts/<sid>/Messages.json   201 {"sid":"SM...", ...}     (Twilio)
    GET|POST /ok                                        200 "0: Accepted"            (generic HTTP SMSC)
    GET      /stats                                     {"requests":N}               (accepted so far)

It binds loopback only, keeps everything it writes in a temporary directory, and
prints one line {"ready":true,"port":...,"pid":...,"engine":...} once it answers.
It ends on SIGTERM/SIGINT, when its parent closes its standard input with
--until-stdin-closes, or after --max-seconds (default 3600).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

NGINX_CONF = """\
{load_module}
daemon off;
master_process off;
worker_processes 1;
pid {tmp}/nginx.pid;
error_log {tmp}/error.log error;
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
  client_body_temp_path {tmp}/body;
  proxy_temp_path {tmp}/proxy;
  fastcgi_temp_path {tmp}/fastcgi;
  uwsgi_temp_path {tmp}/uwsgi;
  scgi_temp_path {tmp}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /sys/send.php {{ {smsc} }}
    location ~ ^/2010-04-01/Accounts/[^/]+/Messages\\.json$ {{ {twilio} }}
    location = /ok {{ default_type text/plain; {ok} }}
    location = /stub {{ stub_status; }}
    location / {{ return 404 '{{"error":"no such path"}}'; }}
  }}
}}
"""
SMSC_BODY = '{"id":%s,"cnt":1}'
TWILIO_BODY = (
    '{"sid":"SM%s","status":"queued","error_code":null,"error_message":null,'
    '"num_segments":"1","direction":"outbound-api","price":null}'
)
ECHO_MODULE_DIRS = (
    "/usr/lib/nginx/modules",
    "/usr/lib64/nginx/modules",
    "/usr/local/nginx/modules",
)


def nginx_binary() -> str | None:
    return shutil.which("nginx") or (
        "/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else None
    )


def echo_module() -> str | None:
    for folder in ECHO_MODULE_DIRS:
        path = os.path.join(folder, "ngx_http_echo_module.so")
        if os.path.exists(path):
            return path
    return None


def nginx_config(tmp: str, port: int, latency_ms: float) -> str:
    smsc = SMSC_BODY % "$connection$connection_requests"
    twilio = TWILIO_BODY % "$request_id"
    if latency_ms:
        sleep = f"echo_sleep {latency_ms / 1000:.3f};"
        blocks = dict(
            smsc=f"{sleep} echo -n '{smsc}';",
            twilio=f"echo_status 201; {sleep} echo -n '{twilio}';",
            ok=f"{sleep} echo -n '0: Accepted';",
        )
        load = f"load_module {echo_module()};"
    else:
        blocks = dict(
            smsc=f"return 200 '{smsc}';",
            twilio=f"return 201 '{twilio}';",
            ok="return 200 '0: Accepted';",
        )
        load = ""
    return NGINX_CONF.format(load_module=load, tmp=tmp, port=port, **blocks)


def wait_port(port: int, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


def run_nginx(args: argparse.Namespace) -> int:
    tmp = tempfile.mkdtemp(prefix="sink-")
    try:
        conf = os.path.join(tmp, "nginx.conf")
        with open(conf, "w") as f:
            f.write(nginx_config(tmp, args.port, args.latency_ms))
        child = subprocess.Popen([nginx_binary(), "-p", tmp, "-e", f"{tmp}/error.log", "-c", conf])
        stop = lambda *_: child.terminate()
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if not wait_port(args.port) or child.poll() is not None:
            child.kill()
            print(open(f"{tmp}/error.log").read(), file=sys.stderr)
            return 1
        ready(args, "nginx", child.pid)
        end = time.monotonic() + args.max_seconds
        while child.poll() is None and time.monotonic() < end:
            if args.until_stdin_closes:
                import select

                if select.select([sys.stdin], [], [], 0.5)[0] and not sys.stdin.read(1):
                    break
            else:
                try:
                    child.wait(0.5)
                except subprocess.TimeoutExpired:
                    pass
        if child.poll() is None:
            child.terminate()
        child.wait(10)
        return 0
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


class Sink(asyncio.Protocol):
    """Just enough HTTP/1.1 for a benchmark: keep-alive, pipelining, Content-Length bodies."""

    total = 0
    serial = random.getrandbits(40)
    latency = 0.0
    fail_rate = 0.0
    length = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.I)

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.buffer = self.buffer + data if self.buffer else data
        while True:
            head_end = self.buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self.buffer[:head_end]
            found = self.length.search(head)
            end = head_end + 4 + (int(found[1]) if found else 0)
            if len(self.buffer) < end:
                return
            self.buffer = self.buffer[end:]
            reply = self.answer(head.split(b" ", 2)[1].split(b"?", 1)[0])
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self.write, reply)
            else:
                self.write(reply)

    def write(self, reply):
        if not self.transport.is_closing():
            self.transport.write(reply)

    def answer(self, path: bytes) -> bytes:
        cls = Sink
        if path == b"/stats":
            return self.reply(b"200 OK", json.dumps({"requests": cls.total}).encode())
        if self.fail_rate and random.random() < self.fail_rate:
            return self.reply(b"503 Service Unavailable", b'{"error":"injected"}')
        cls.total += 1
        cls.serial += 1
        if path == b"/sys/send.php":
            return self.reply(b"200 OK", (SMSC_BODY % cls.serial).encode())
        if path.startswith(b"/2010-04-01/Accounts/") and path.endswith(b"/Messages.json"):
            return self.reply(b"201 Created", (TWILIO_BODY % f"{cls.serial:032x}").encode())
        if path == b"/ok":
            return self.reply(b"200 OK", b"0: Accepted")
        cls.total -= 1
        return self.reply(b"404 Not Found", b'{"error":"no such path"}')

    @staticmethod
    def reply(status: bytes, body: bytes) -> bytes:
        return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
            status,
            len(body),
            body,
        )


async def run_python(args: argparse.Namespace) -> int:
    Sink.latency = args.latency_ms / 1000
    Sink.fail_rate = args.fail_rate
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        Sink, "127.0.0.1", args.port, backlog=4096, reuse_address=True
    )
    done = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, done.set)
    if args.until_stdin_closes:
        loop.add_reader(sys.stdin, lambda: None if sys.stdin.read(1) else done.set())
    ready(args, "python", os.getpid())
    try:
        await asyncio.wait_for(done.wait(), args.max_seconds)
    except asyncio.TimeoutError:
        pass
    server.close()
    return 0


def ready(args, engine, pid):
    print(
        json.dumps(
            {
                "ready": True,
                "port": args.port,
                "pid": pid,
                "engine": engine,
                "latency_ms": args.latency_ms,
                "fail_rate": args.fail_rate,
            }
        ),
        flush=True,
    )


def main() -> int:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--port", type=int, default=9100)
    p.add_argument("--engine", choices=("auto", "nginx", "python"), default="auto")
    p.add_argument("--latency-ms", type=float, default=0.0)
    p.add_argument(
        "--fail-rate", type=float, default=0.0, help="share of 503 answers (Python engine)"
    )
    p.add_argument("--cpu", type=int, default=None, help="pin to this processor")
    p.add_argument("--max-seconds", type=float, default=3600)
    p.add_argument("--until-stdin-closes", action="store_true")
    args = p.parse_args()
    if args.cpu is not None:
        os.sched_setaffinity(0, {args.cpu})
    engine = args.engine
    if engine == "auto":
        fits = nginx_binary() and not args.fail_rate and (not args.latency_ms or echo_module())
        engine = "nginx" if fits else "python"
    if engine == "nginx":
        return run_nginx(args)
    try:
        import uvloop  # optional: about twice the requests a second

        uvloop.install()
    except ImportError:
        pass
    return asyncio.run(run_python(args))


if __name__ == "__main__":
    sys.exit(main())
