"""What a request is called, whatever its headers are."""

import re
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from litestar.types import Message, Receive, Scope, Send

from entrypoints.http.request_id import HEADER, RequestIds, request_id_of

SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
ALPHABET = "ABCXYZabcxyz0123456789._-"


async def _answer(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _nothing() -> Message:
    raise AssertionError


async def answered(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Serve one request; return the headers of its answer."""
    sent: list[Message] = []

    async def keep(event: Message) -> None:
        sent.append(event)

    scope = {"type": "http", "headers": headers}
    await RequestIds(_answer)(scope, _nothing, keep)  # type: ignore[arg-type] # all it looks at
    start = sent[0]
    assert start["type"] == "http.response.start"
    return list(start["headers"])


@given(value=st.binary(max_size=80))
@example(value=b"a\r\nSet-Cookie: a=b")
@example(value=b"a\n")
@example(value=b"")
@example(value=b"a" * 65)
@example(value="й".encode())
async def test_no_bytes_of_a_caller_begin_another_header(value: bytes) -> None:
    first, named = await answered([(HEADER, value)])
    assert first == (b"x-a", b"1")
    assert named[0] == HEADER
    shown = named[1].decode("ascii")
    assert SANE.fullmatch(shown)
    assert named[1] == value or str(UUID(shown)) == shown


@given(name=st.text(ALPHABET, min_size=1, max_size=64))
def test_a_sane_name_is_kept(name: str) -> None:
    assert request_id_of([(b"host", b"habar"), (HEADER, name.encode())]) == name.encode()


@pytest.mark.parametrize("headers", [[], [(HEADER, b"")], [(HEADER, b"a b")], [(b"x", b"a")]])
def test_every_other_request_has_a_name_of_its_own(headers: list[tuple[bytes, bytes]]) -> None:
    names = {request_id_of(headers) for _ in range(100)}
    assert len(names) == 100


def test_of_several_the_first_counts() -> None:
    assert request_id_of([(HEADER, b"one"), (HEADER, b"two")]) == b"one"
