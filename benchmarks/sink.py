"""A fake SMS provider for benchmarks: answers at once, or after a fixed delay.

    sink.py --port 9100                     # nginx when installed, else the Python engine
    sink.py --port 9101 --latency-ms 50     # Python engine (or nginx with the echo module)
    sink.py --port 9102 --engine python --fail-rate 0.01

Endpoints
    GET|POST /sys/send.php                             200 {"id":N,"cnt":1}      (smsc.ru, fmt=3)
    POST     /2010-04-01/Accounts/<sid>/Messages.json  201 {"sid":"SM...", ...}  (Twilio)
    GET|POST /ok                                       200 "0: Accepted"         (generic HTTP)
    GET      /stats (Python), /stub (nginx)            how many it has taken so far

It binds loopback only, keeps everything it writes in a temporary directory, and
prints one line {"ready":true,"port":...,"pid":...,"engine":...} once it answers.
It ends on SIGTERM/SIGINT, when its parent closes its standard input with
--until-stdin-closes, or after --max-seconds (default 3600).
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import event_loop
from benchmarks.sinks.nginx import echo_module, nginx_binary, run_nginx
from benchmarks.sinks.order import Order
from benchmarks.sinks.python import run_python


def main() -> int:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--port", type=int, default=9100)
    add("--engine", choices=("auto", "nginx", "python"), default="auto")
    add("--latency-ms", type=float, default=0.0)
    add("--fail-rate", type=float, default=0.0, help="share of 503 answers (Python engine)")
    add("--cpu", type=int, default=None, help="pin to this processor")
    add("--max-seconds", type=float, default=3600)
    add("--until-stdin-closes", action="store_true")
    given = parser.parse_args()
    if given.cpu is not None:
        os.sched_setaffinity(0, {given.cpu})
    order = Order(
        port=given.port,
        latency_ms=given.latency_ms,
        fail_rate=given.fail_rate,
        max_seconds=given.max_seconds,
        until_stdin_closes=given.until_stdin_closes,
    )
    if given.engine == "nginx" or (given.engine == "auto" and _nginx_fits(order)):
        return run_nginx(order)
    return event_loop.run(run_python(order))


def _nginx_fits(order: Order) -> bool:
    late = bool(order.latency_ms)
    return bool(nginx_binary()) and not order.fail_rate and (not late or bool(echo_module()))


if __name__ == "__main__":
    sys.exit(main())
