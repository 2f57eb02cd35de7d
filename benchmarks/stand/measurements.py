"""What is measured: each yields its rows of the table."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from benchmarks.measuring.deliveries import Deliveries
from benchmarks.measuring.load import Row
from benchmarks.ports import free_port
from benchmarks.stand.figure import Figure, added, alone, ratio, shown
from benchmarks.stand.program import Program, pinned
from benchmarks.stand.question import Question
from benchmarks.stand.stand import HABAR, Stand, kannel_is_installed

_T = TypeVar("_T")
_GOOD = ("--check", '"status":true')
_CLOSED_CONCURRENCY = 256
_OPEN_CONCURRENCY = 1000
_LATENCY_MS = 50
_BESIDE = {
    "NAIVE": "naive_app.py",
    "KANNEL": "Kannel with store=file, drained",
    "BARE": "bare_asgi.py, which only accepts",
}
_WARMUP_S = 1
_RATES = (500, 1000)
_BULKS = {1_000: 10, 10_000: 2}
_STORED = 10_000
_KANNEL_PATH = (
    "/cgi-bin/sendsms?username=u&password=p&to={phone}&text=Your+code+is+4821.+Do+not+share+it."
)


def single(stand: Stand) -> Iterator[Figure]:
    """Synchronous single sends against three yardsticks."""
    with stand.sink() as sink:
        with _gateway(stand, sink) as gateway, stand.naive(sink) as naive:
            yield from _against(stand, gateway, naive, *_GOOD, memory=True)
        if kannel_is_installed():
            drained = ("--sink", "$SINK", "--method-b", "GET", "--path-b", _KANNEL_PATH)
            with _gateway(stand, sink) as gateway, stand.kannel(sink) as kannel:
                yield from _against(stand, gateway, kannel, *drained, others=[sink])
        with _gateway(stand, sink) as gateway, stand.bare() as bare:
            yield from _against(stand, gateway, bare, *_GOOD)


def latency(stand: Stand) -> Iterator[Figure]:
    """What Habar adds to a provider that takes its time, at a fixed rate."""
    with (
        stand.sink(latency_ms=_LATENCY_MS) as sink,
        stand.gateway(sink, concurrency=_OPEN_CONCURRENCY) as gateway,
    ):
        for rate in _RATES:
            question = Question(
                *("compare", "$GATEWAY", "$SINK", "--path-b", "/sys/send.php"),
                *("--mode", "open", "--rate", rate, "--connections", 1024),
                *("--pid-a", "$GATEWAY_PID", *_rounds(stand)),
            )
            [warm] = Question(
                *("open", "$GATEWAY", "--rate", rate, "--connections", 1024),
                *("--seconds", _WARMUP_S, "--load-cpu", stand.load_cpu, *_GOOD),
            ).ask(gateway, folder=stand.folder)
            before = Deliveries(sink.url).count()
            *rows, total = question.ask(gateway, sink, folder=stand.folder)
            delivered = Deliveries(sink.url).count() - before
            lost = max(0, sum(row["requests"] for row in rows) - delivered)
            for name in ("p50", "p99"):
                yield added(
                    f"{name} at {rate}/s, ms; added to a provider that takes {_LATENCY_MS} ms",
                    _column(rows, "a", f"{name}_ms"),
                    _column(rows, "b", f"{name}_ms"),
                    command=str(question),
                    errors=warm["errors"] + total["errors"] + lost,
                )


def bulk(stand: Stand) -> Iterator[Figure]:
    """Many recipients in one request."""
    questions = {
        phones: Question(
            *("bulk", "$GATEWAY", "--phones", phones, "--count", count),
            *("--pid", "$GATEWAY_PID", *_GOOD),
        )
        for phones, count in _BULKS.items()
    }
    rows: dict[int, list[Row]] = {phones: [] for phones in _BULKS}
    with stand.sink() as sink, _gateway(stand, sink) as gateway:
        for turn in _turns(list(_BULKS), stand.rounds):
            rows[turn] += questions[turn].ask(gateway, folder=stand.folder)
    for phones, answers in rows.items():
        yield alone(
            f"Recipients per CPU second, {shown(phones)} to a request",
            [row["rps_per_cpu_s"] for row in answers],
            command=str(questions[phones]),
            errors=_errors(answers),
        )
    largest = max(_BULKS)
    yield alone(
        "Resident memory after that, MB",
        [row["rss_mb"] for row in rows[largest]],
        command=str(questions[largest]),
        errors=_errors(rows[largest]),
    )


def start(stand: Stand) -> Iterator[Figure]:
    """From nothing to the first answer."""
    port = free_port()
    place = Program("GATEWAY", port, 0)
    question = Question(
        *("coldstart", "$GATEWAY", "--path", "/livez", "--rounds", 1),
        *("--", *pinned(stand.server_cpu), HABAR, "serve"),
    )
    existing = stand.databases.fresh()
    with stand.dummy_gateway(existing) as gateway:
        Question("bulk", "$GATEWAY", "--phones", _STORED, "--count", 1, *_GOOD).ask(
            gateway, folder=stand.folder
        )
    rows: dict[str, list[Row]] = {}
    kinds: dict[str, Callable[[], dict[str, str]]] = {
        "an empty database": stand.databases.fresh,
        f"a database of {shown(_STORED)} messages": lambda: existing,
    }
    for kind in _turns(list(kinds), stand.rounds):
        settings = {"SMS_DUMMY": "true", "HTTP_PORT": str(port), **kinds[kind]()}
        answers = question.ask(place, folder=stand.folder, settings=settings)
        rows.setdefault(kind, []).extend(answers)
    for kind, answers in rows.items():
        yield alone(
            f"First answer on {kind}, ms",
            [row["p50_ms"] for row in answers],
            command=str(question),
            errors=_errors(answers),
        )


MEASUREMENTS: dict[str, Callable[[Stand], Iterator[Figure]]] = {
    "single": single,
    "latency": latency,
    "bulk": bulk,
    "start": start,
}
"""Each by the name that chooses it."""


def _gateway(stand: Stand, sink: Program) -> AbstractContextManager[Program]:
    return stand.gateway(sink, concurrency=_CLOSED_CONCURRENCY)


def _against(
    stand: Stand,
    gateway: Program,
    yardstick: Program,
    *words: str,
    others: Sequence[Program] = (),
    memory: bool = False,
) -> Iterator[Figure]:
    """Compare single sends with a yardstick, and what both weigh after them."""
    name = yardstick.name
    question = Question(
        *("compare", "$GATEWAY", f"${name}"),
        *("--pid-a", "$GATEWAY_PID", "--pid-b", f"${name}_PID"),
        *(*_rounds(stand), *words),
    )
    *rows, total = question.ask(gateway, yardstick, *others, folder=stand.folder)
    lost = sum(max(0, row["requests"] - row.get("delivered", row["requests"])) for row in rows)
    quoted = {"Single sends per CPU second": "rps_per_cpu_s"}
    if memory:
        quoted["Resident memory after them, MB"] = "rss_mb"
    for what, key in quoted.items():
        yield ratio(
            f"{what}, beside {_BESIDE[name]}",
            _column(rows, "a", key),
            _column(rows, "b", key),
            command=str(question),
            errors=total["errors"] + lost,
        )


def _rounds(stand: Stand) -> tuple[object, ...]:
    return (
        *("--load-cpu", stand.load_cpu),
        *("--rounds", stand.rounds, "--seconds", stand.seconds, "--verbose"),
    )


def _turns(names: Sequence[_T], rounds: int) -> Iterator[_T]:
    """Name each once a round, forwards and backwards in turn."""
    for number in range(rounds):
        yield from names if number % 2 == 0 else reversed(names)


def _column(rows: Sequence[Row], side: str, key: str) -> list[float]:
    return [row[key] for row in rows if row["side"] == side]


def _errors(rows: Sequence[Row]) -> int:
    return sum(row["errors"] for row in rows)
