#!/usr/bin/env python3
"""Starts Kannel (bearerbox + smsbox) unprivileged in a temporary directory, aimed at a sink.

    kannel.py --sink http://127.0.0.1:9100 --port 13013 [--store file|spool|none] [--cpu 0]

It needs the Debian packages kannel and (for the sink) nginx-light. Then:

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
import socket
import subprocess
import sys
import tempfile
import time

CONF = """\
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


def wait_port(port, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--sink", default="http://127.0.0.1:9100")
    p.add_argument("--port", type=int, default=13013)
    p.add_argument("--store", choices=("file", "spool", "none"), default="file")
    p.add_argument("--pending", type=int, default=64, help="provider requests in flight")
    p.add_argument("--cpu", type=int, default=None)
    p.add_argument("--max-seconds", type=float, default=3600)
    args = p.parse_args()
    if args.cpu is not None:
        os.sched_setaffinity(0, {args.cpu})
    tmp = tempfile.mkdtemp(prefix="kannel-")
    store = (
        ""
        if args.store == "none"
        else (
            f'store-type = {args.store}\nstore-location = "{tmp}/{"kannel.store" if args.store == "file" else "spool"}"'
        )
    )
    if args.store == "spool":
        os.mkdir(f"{tmp}/spool")
    conf = os.path.join(tmp, "kannel.conf")
    with open(conf, "w") as f:
        f.write(
            CONF.format(
                admin=args.port + 1,
                box=args.port + 2,
                smsc=args.port + 3,
                port=args.port,
                store=store,
                sink=args.sink.rstrip("/"),
                pending=args.pending,
            )
        )
    children = []
    done = []
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: done.append(1))
    try:
        for program, port in (("bearerbox", args.port + 2), ("smsbox", args.port)):
            path = shutil.which(program) or f"/usr/sbin/{program}"
            log = open(f"{tmp}/{program}.log", "w")
            children.append(
                subprocess.Popen([path, "-v", "3", conf], cwd=tmp, stdout=log, stderr=log)
            )
            if not wait_port(port):
                print(open(f"{tmp}/{program}.log").read()[-2000:], file=sys.stderr)
                return 1
        print(
            json.dumps(
                {
                    "ready": True,
                    "pid": os.getpid(),
                    "port": args.port,
                    "store": args.store,
                    "admin": args.port + 1,
                    "dir": tmp,
                    "children": [c.pid for c in children],
                }
            ),
            flush=True,
        )
        end = time.monotonic() + args.max_seconds
        while not done and time.monotonic() < end and all(c.poll() is None for c in children):
            time.sleep(0.2)
    finally:
        for child in reversed(children):
            child.terminate()
        for child in children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
        shutil.rmtree(tmp, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
