"""What is measured: each yields its rows of the table."""

from collections.abc import Callable, Iterator, Sequence

from benchmarks.measuring.deliveries import Deliveries
from benchmarks.measuring.load import Row
from benchmarks.ports import HOST, free_port
from benchmarks.stand.figure import Figure, added, ratio
from benchmarks.stand.program import Program, pinned
from benchmarks.stand.question import Question
from benchmarks.stand.stand import HABAR, Stand, kannel_is_installed

_GOOD = ("--check", '"status":true')
_CLOSED_CONCURRENCY = 256
_OPEN_CONCURRENCY = 1000
_LATENCY_MS = 50
_RATES = (500, 1000)
_BULKS = {1_000: 10, 10_000: 2}
_STORED = 10_000
_KANNEL_PATH = (
    "/cgi-bin/sendsms?username=u&password=p&to={phone}&text=Your+code+is+4821.+Do+not+share+it."
)


def single(stand: Stand) -> Iterator[Figure]:
    """Synchronous single sends against three yardsticks."""
    with stand.sink() as sink:
        with stand.gateway(sink, concurrency=_CLOSED_CONCURRENCY) as gateway:
            with stand.naive(sink) as naive:
                yield from _against(stand, gateway, naive, *_GOOD)
        if kannel_is_installed():
            with stand.gateway(sink, concurrency=_CLOSED_CONCURRENCY) as gateway:
                with stand.kannel(sink) as kannel:
                    drained = ("--sink", "$SINK", "--method-b", "GET", "--path-b", _KANNEL_PATH)
                    yield from _against(stand, gateway, kannel, *drained, sink=sink)
        with stand.gateway(sink, concurrency=_CLOSED_CONCURRENCY) as gateway:
            with stand.bare() as bare:
                yield from _against(stand, gateway, bare, *_GOOD)
