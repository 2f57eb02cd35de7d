"""The books notice every broken promise, and the wire is really cut."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from tests.faults.callers import Ask
from tests.faults.cut import Cut, CuttableWire
from tests.faults.latency import percentile
from tests.faults.ledger import balance
from tests.faults.records import Kept
from tests.faults.test_rate import seconds
from tests.processes import Json

ROOT = Path(__file__).parents[2]
PHONE = "77010000000"
WAITED = Ask(phones=(PHONE,), provider="smscru", told={PHONE: "submitted"}, accepted=True)
QUEUED = replace(WAITED, background=True, told={PHONE: "queued"})
ROW = Kept(
    id=UUID(int=1),
    phone=PHONE,
    status="submitted",
    attempts=1,
    resends=0,
    asked=False,
    doubted=False,
)
SENT: Json = {"recipient": PHONE}
UNKNOWN = replace(ROW, status="unknown", doubted=True)

BROKEN: list[tuple[str, Ask, list[Kept], list[Json], set[str]]] = [
    ("not on disk, not sent", QUEUED, [], [], {"lost"}),
    ("said to be sent, and was not", WAITED, [ROW], [], {"lost"}),
    ("believed to be sent, and was not", QUEUED, [ROW], [], {"lost"}),
    ("sent twice", QUEUED, [ROW], [SENT, SENT], {"doubled"}),
    ("sent, not on disk", WAITED, [], [SENT], {"untracked"}),
    ("held, though sent", QUEUED, [UNKNOWN], [SENT], {"missed"}),
    ("failed, though sent", QUEUED, [replace(ROW, status="failed")], [SENT], {"denied"}),
    (
        "said to have failed, though sent",
        replace(WAITED, accepted=False, told={PHONE: "failed"}),
        [ROW],
        [SENT],
        {"denied"},
    ),
    ("still queued", QUEUED, [replace(ROW, status="queued")], [], {"unfinished"}),
    ("still to be asked about", QUEUED, [replace(UNKNOWN, asked=True)], [], {"unfinished"}),
    (
        "never answered",
        replace(QUEUED, key="k", told={}, accepted=False),
        [ROW],
        [SENT],
        {"unanswered"},
    ),
]


@pytest.mark.parametrize(
    ("ask", "rows", "sent", "names"),
    [case[1:] for case in BROKEN],
    ids=[case[0] for case in BROKEN],
)
def test_the_books_notice_a_broken_promise(
    ask: Ask, rows: list[Kept], sent: list[Json], names: set[str]
) -> None:
    assert balance([ask], rows, sent).broken.keys() == names


def test_the_books_are_content_with_what_is_right() -> None:
    resolved = replace(ROW, status="delivered", doubted=True)
    failed = replace(ROW, status="failed")
    for row, sent in ((ROW, [SENT]), (resolved, [SENT]), (UNKNOWN, []), (failed, [])):
        figures = balance([QUEUED], [row], sent)
        assert not figures.broken
        assert (figures.accepted, figures.sent) == (1, len(sent))
    assert balance([QUEUED], [resolved], [SENT]).resolved == 1
    assert balance([QUEUED], [UNKNOWN], []).held == 1


def test_the_fullest_second_is_found_wherever_it_begins() -> None:
    assert seconds([0.0, 0.9, 1.8, 1.85, 1.89, 3.0])[-1] == 4
    assert seconds([5.0]) == [1]


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.99) == 1.0


@pytest.fixture
def far() -> Iterator[socket.socket]:
    """Somebody who listens at the other end."""
    with socket.socket() as far:
        far.bind(("127.0.0.1", 0))
        far.listen()
        far.settimeout(5)
        yield far


@pytest.fixture
def wire(far: socket.socket) -> Iterator[CuttableWire]:
    """A wire to them."""
    with CuttableWire(*far.getsockname()).running() as wire:
        yield wire


@contextmanager
def connected(
    wire: CuttableWire, far: socket.socket
) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect to them; this end and theirs."""
    with socket.create_connection(("127.0.0.1", wire.port), timeout=5) as near:
        other, _ = far.accept()
        with other:
            other.settimeout(0.3)
            yield near, other


def test_a_wire_carries_both_ways_and_ends_as_it_should(
    wire: CuttableWire, far: socket.socket
) -> None:
    with connected(wire, far) as (near, other):
        near.sendall(b"question")
        assert other.recv(99) == b"question"
        other.sendall(b"answer")
        assert near.recv(99) == b"answer"
        near.close()
        assert other.recv(99) == b""


def test_what_is_swallowed_never_comes_and_what_is_new_gets_through(
    wire: CuttableWire, far: socket.socket
) -> None:
    with connected(wire, far) as (old, other):
        wire.cut(Cut.SWALLOWED)
        old.sendall(b"lost")
        with pytest.raises(TimeoutError):
            other.recv(99)
        wire.heal()
        old.sendall(b"lost, too")
        with pytest.raises(TimeoutError):
            other.recv(99)
        with connected(wire, far) as (new, newer):
            new.sendall(b"here")
            assert newer.recv(99) == b"here"


def test_a_reset_ends_every_connection_and_every_new_one(
    wire: CuttableWire, far: socket.socket
) -> None:
    with connected(wire, far) as (old, _):
        wire.cut(Cut.RESET)
        with pytest.raises(ConnectionError):
            old.recv(99)
        with pytest.raises(ConnectionError):
            _talk(wire.port)


def _talk(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as new:
        new.sendall(b"hello")
        if new.recv(99) == b"":
            raise ConnectionResetError


def test_every_proof_the_page_names_is_there() -> None:
    page = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    proofs = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(proofs) > 15
    for path, name in proofs:
        assert re.search(rf"(def|class) {name}\b", (ROOT / path).read_text(encoding="utf-8")), name
