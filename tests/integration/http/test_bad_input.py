"""What cannot be sent is refused politely, and in the same words through both doors.

``/sms`` and ``/call`` are answered in front of Litestar, ``/sms/`` and ``/call/`` by its handlers.
"""

import gzip
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from tests.integration.http.service import DOORS, HELLO, Service, refusal, told

PHONE = "77011234567"
MIB_10 = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bad:
    """A request and what is wrong with it."""

    name: str
    body: bytes
    code: str
    fields: list[str] = field(default_factory=list)
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)


def sending(**fields: object) -> bytes:
    return json.dumps({**HELLO, **fields}).encode()


def with_value(name: str, value: object) -> bytes:
    inside, is_list, _ = name.partition("[")
    return sending(**{inside: [PHONE, value] if is_list else value})


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in HELLO.items() if key != name}).encode()


def raw(phones: bytes = b'"77011234567"', message: bytes = b'"Hi"') -> bytes:
    return b'{"phones":%s,"message":%s}' % (phones, message)


def of_type(name: str, values: Sequence[object]) -> list[Bad]:
    return [
        Bad(f"{name} is {value!r}", with_value(name, value), "invalid_request", [name])
        for value in values
    ]


MALFORMED = [
    Bad(name, body, "malformed_json")
    for name, body in {
        "half an object": b"{",
        "a comma too many": b'{"phones":"77011234567","message":"Hi",}',
        "something behind": raw() + b" x",
        "single quotes": b"{'phones':'77011234567','message':'Hi'}",
        "a form": b"phones=77011234567&message=Hi",
        "invalid UTF-8 in a phone": raw(phones=b'"\xff"'),
        "invalid UTF-8 in the text": raw(message=b'"\xd0"'),
        "Latin-1": raw(message='"é"'.encode("latin-1")),
        "UTF-16": raw().decode().encode("utf-16"),
        "a raw surrogate": raw(message=b'"\xed\xa0\x80"'),
        "half an escaped pair": raw(message=b'"\\ud800"'),
        "half an escaped pair and more": raw(message=b'"\\ud800 Hi"'),
        "the other half": raw(message=b'"\\udc00"'),
        "half a pair in a phone": raw(phones=b'["\\ud800"]'),
        "a raw NUL": raw(message=b'"\x00"'),
        "a raw tab": raw(message=b'"\t"'),
        "NaN": raw(phones=b"NaN"),
        "a number with a leading nought": raw(phones=b"077011234567"),
        "100 000 brackets in an unknown field": b'{"a":' + b"[" * 100_000,
        "100 000 braces": b'{"a":' * 100_000,
        "a blank": b" ",
        "a byte order mark alone": b"\xef\xbb\xbf",
    }.items()
]
NOT_AN_OBJECT = [
    Bad(name, body, "invalid_request")
    for name, body in {
        "a list": b"[]",
        "100 000 brackets": b"[" * 100_000,
        "text": b'"Hi"',
        "a number": b"1",
        "nothing": b"null",
    }.items()
]
WRONG_TYPES = [
    *of_type("phones", [None, True, False, 1.5, {}, -77011234567]),
    *of_type("message", [None, True, 1, 1.5, [], {}, ["Hi"]]),
    *of_type("force", [None, 2, -1, 1.5, "yes", "", [], {}]),
    *of_type("dry_run", [None, 2, "yes", [], {}]),
    *of_type("provider", [True, 1, 1.5, [], {}]),
    *of_type("sender", [True, 1, 1.5, [], {}]),
    *of_type("reference", [True, 1, 1.5, [], {}]),
    *of_type("send_at", [True, 1795415683, 1.5, [], {}, "", "now", "2026-11-23T06:34:43"]),
    *of_type("delay", [True, -1, "soon", "inf", "nan", 1e10, [], {}]),
    *of_type("ttl", [True, -0.5, "long", "inf", "nan", 1e10, [], {}]),
    *of_type("priority", [True, 0, "", "OTP", "urgent", [], {}]),
    *of_type("fallback", [True, 1, 1.5, {}]),
    *of_type("on_unknown", [True, 1, "", "HOLD", "retry", [], {}]),
    *of_type("fallback[1]", [True, 1, None, [], {}]),
    *of_type("phones[1]", [None, True, 1.5, [], {}, [PHONE], -1]),
    Bad("no phones", without("phones"), "invalid_request", ["phones"]),
    Bad("no message", without("message"), "invalid_request", ["message"]),
    Bad("nothing at all", b"{}", "invalid_request", ["phones"]),
    Bad("fields in capitals", sending().upper(), "invalid_request", ["phones"]),
    Bad("1e400", raw(phones=b"1e400"), "invalid_request", ["phones"]),
    Bad("a number of 5 000 digits", raw(phones=b"7" * 5000), "invalid_request", ["phones"]),
    Bad("one in a list", raw(phones=b"[%s]" % (b"7" * 5000)), "invalid_request", ["phones[0]"]),
]
BAD_PHONES = [
    Bad("an empty list", sending(phones=[]), "invalid_phones"),
    Bad("100 001 phones", sending(phones=[PHONE] * 100_001), "invalid_phones"),
    *(
        Bad(f"the phone {phone!r}", sending(phones=[phone]), "invalid_phone", ["phones[0]"])
        for phone in ("", " ", "+", "abc", "0", 0, 7, "7701", "7" * 16, "9" * 5000)
    ),
    Bad("a phone alone", sending(phones="abc"), "invalid_phone", ["phones[0]"]),
    Bad("a number of 40 digits", raw(phones=b"7" * 40), "invalid_phone", ["phones[0]"]),
    Bad("a NUL in a phone", sending(phones=["7701123\x004567"]), "invalid_phone", ["phones[0]"]),
    Bad("Arabic digits", sending(phones=["٧٧٠١١٢٣٤٥٦٧"]), "invalid_phone", ["phones[0]"]),
    Bad(
        "bad phones among good ones",
        sending(phones=["abc", PHONE, "", PHONE, "1"]),
        "invalid_phone",
        ["phones[0]", "phones[2]", "phones[4]"],
    ),
    Bad(
        "a thousand bad phones",
        sending(phones=["1"] * 1000),
        "invalid_phone",
        [f"phones[{index}]" for index in range(1000)],
    ),
]
BAD_FIELDS = [
    Bad("an empty text", sending(message=""), "invalid_message"),
    Bad("an escaped NUL", sending(message="a\x00b"), "invalid_message"),
    Bad("a text too long", sending(message="a" * 1601), "message_too_long"),
    Bad("a text far too long", sending(message="я" * 500_000), "message_too_long"),
    Bad("a text of two-unit characters", sending(message="😀" * 801), "message_too_long"),
    Bad("a provider nobody knows", sending(provider="nobody"), "unknown_provider"),
    Bad("an empty provider", sending(provider=""), "unknown_provider"),
    Bad("a NUL as a provider", sending(provider="\x00"), "unknown_provider"),
    Bad("an empty sender", sending(sender=""), "invalid_sender"),
    Bad("a long sender", sending(sender="twelve chars"), "invalid_sender"),
    Bad("a very long sender", sending(sender="a" * 100_000), "invalid_sender"),
    Bad("a sender in Cyrillic", sending(sender="Жж"), "invalid_sender"),
    Bad("an empty reference", sending(reference=""), "invalid_reference"),
    Bad("a long reference", sending(reference="a" * 101), "invalid_reference"),
    Bad("a fallback nobody knows", sending(fallback=["nobody"]), "unknown_provider"),
    Bad("an empty fallback", sending(fallback=""), "unknown_provider"),
    Bad("two times", sending(send_at="2999-01-01T00:00:00Z", delay=1), "invalid_schedule"),
    Bad("a far time", sending(send_at="2999-01-01T00:00:00Z"), "invalid_schedule"),
    Bad("a long delay", sending(delay=32_000_000), "invalid_schedule"),
    Bad("no time to live", sending(ttl=0), "invalid_schedule"),
    Bad("a long time to live", sending(ttl=604_801), "invalid_schedule"),
    Bad("a reference with a NUL", sending(reference="a\x00"), "invalid_reference"),
]
ENCODED = [
    Bad(
        f"{encoding} as a content encoding",
        gzip.compress(sending()) if encoding == "gzip" else sending(),
        "unsupported_encoding",
        status=415,
        headers={"Content-Encoding": encoding},
    )
    for encoding in ("gzip", "br", "zstd", "deflate, gzip", "\xff")
]
KEYS = [
    Bad(
        f"{key[:8]!r} as a key",
        sending(),
        "invalid_idempotency_key",
        headers={"Idempotency-Key": key},
    )
    for key in ("", " ", "a" * 256, "caf\xe9", "a\tb", "\x7f", "\xff\xfe")
]
TOO_LARGE = [
    Bad("one byte too many", b" " * 4_000_001, "body_too_large", status=413),
    Bad("4 MiB", sending(message="a" * (4 * 1024 * 1024)), "body_too_large", status=413),
    Bad("10 MiB", sending(message="a" * MIB_10), "body_too_large", status=413),
]
TABLE = [
    Bad("no body", b"", "missing_body"),
    *MALFORMED,
    *NOT_AN_OBJECT,
    *WRONG_TYPES,
    *BAD_PHONES,
    *BAD_FIELDS,
    *ENCODED,
    *KEYS,
    *TOO_LARGE,
]


@pytest.mark.parametrize("path", ["/sms", "/call"])
@pytest.mark.parametrize("bad", TABLE, ids=lambda bad: bad.name)
async def test_it_is_refused_in_the_same_words_through_both_doors(
    lasting: Service, bad: Bad, path: str
) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in bad.headers.items()]
    answers = [
        await lasting.client.post(f"{path}{door}", content=bad.body, headers=headers)
        for door in DOORS
    ]
    for answer in answers:
        assert refusal(answer, bad.status, bad.code) == bad.fields
    first, second = answers
    assert first.content == second.content
    assert told(first) == told(second)


@pytest.mark.parametrize("path", [f"{path}{door}" for path in ("/sms", "/call") for door in DOORS])
@pytest.mark.parametrize("size", [4_000_001, MIB_10])
async def test_a_body_of_unknown_length_is_counted_as_it_comes(
    lasting: Service, path: str, size: int
) -> None:
    answer = await lasting.client.post(path, content=_pieces(size))
    assert "content-length" not in answer.request.headers
    refusal(answer, 413, "body_too_large")


async def _pieces(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 65_536):
        yield b" " * min(65_536, size - start)


@pytest.mark.parametrize("door", DOORS)
async def test_a_body_of_four_million_bytes_is_read(lasting: Service, door: str) -> None:
    body = sending().ljust(4_000_000)
    for content in (body, _of(body)):
        answer = await lasting.client.post(f"/sms{door}", content=content)
        assert answer.content == b'{"status":true}'


async def _of(body: bytes) -> AsyncIterator[bytes]:
    yield body[:100]
    yield b""
    yield body[100:]


@pytest.mark.parametrize("door", DOORS)
async def test_the_limit_of_a_text_is_told(lasting: Service, door: str) -> None:
    answer = await lasting.send(f"/sms{door}", message="a" * 1601)
    assert answer.json()["message"] == "The message has 1601 characters; this provider takes 1600."


@pytest.mark.parametrize("door", DOORS)
async def test_nothing_is_sent_when_one_phone_is_bad(service: Service, door: str) -> None:
    answer = await service.send(f"/sms{door}", phones=[PHONE, "abc"])
    refusal(answer, 400, "invalid_phone")
    assert "location" not in answer.headers
    assert "1 of 2" in answer.json()["message"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"])
@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/sms/x", "/SMS", "/docs/nothing", "/docs/assets/x", "/%FF"]
)
async def test_an_unknown_path_is_not_found(lasting: Service, method: str, path: str) -> None:
    answer = await lasting.client.request(method, path)
    if method == "HEAD" or answer.status_code == 405:
        assert answer.status_code in {404, 405}
        assert answer.headers["content-type"] == "application/json"
    else:
        refusal(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/sms", {"POST"}),
        ("PUT", "/sms", {"POST"}),
        ("DELETE", "/call/", {"POST"}),
        ("PATCH", "/blacklist", {"GET", "POST", "DELETE"}),
        ("POST", "/messages", {"GET"}),
        ("POST", "/messages/1", {"GET"}),
        ("GET", "/messages/1/cancel", {"POST"}),
        ("DELETE", "/requests/1", {"GET"}),
        ("POST", "/livez", {"GET", "HEAD"}),
        ("POST", "/readyz", {"GET", "HEAD"}),
        ("POST", "/openapi.json", {"GET"}),
        ("POST", "/docs", {"GET"}),
        ("BREW", "/sms", {"POST"}),
    ],
)
async def test_a_wrong_method_is_answered_with_the_right_ones(
    lasting: Service, method: str, path: str, allowed: set[str]
) -> None:
    answer: httpx.Response = await lasting.client.request(method, path)
    refusal(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == allowed
