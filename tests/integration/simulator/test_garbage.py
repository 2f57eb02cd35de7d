"""Nothing that arrives makes a stand-in fall over: it answers as a provider would."""

import asyncio
import logging
from http import HTTPStatus
from urllib.parse import quote_from_bytes

import pytest
from aiohttp import encode_basic_auth
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.simulator.accounts import TwilioAccount
from tests.integration.simulator.client import FORM, Client

PATHS = [
    "/sys/send.php",
    "/sys/status.php",
    "/members/sms/xml.php",
    "/service/message/sendSmsMessage",
    "/service/message/list",
    "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json",
    "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json",
]
CREDENTIALS = b"login=habar&psw=secret&apiKey=kz00000000000000000000000000000000000001&fmt=3&"
AUTHORIZATION = encode_basic_auth(TwilioAccount().sid, TwilioAccount().token)
FIELDS = [
    *("phones", "mes", "list", "id", "phone", "charset", "time", "maxsms", "cost", "call", "all"),
    *("To", "From", "Body", "Twiml", "StatusCallback", "Timeout", "recipient", "text", "XML"),
    *("ids[0]", "ids", "pagination[currentPage]", "criteria[to]", "params[validity]", "PageSize"),
]
values = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            *(
                b"%FF%FE",
                b"%00",
                b"+",
                b"9" * 40,
                b"9" * 5_000,
                b"-1",
                b"\xd9\xa3",
                b"%D9%A3",
                b"1e9",
                b"[[[[",
            ),
            *(b"%2B77011234567", b"77011234567", b"utf-8", b"koi8-r", b"http://[", b"%3CSMS%3E"),
        ]
    ),
)
forms = st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=8)


def written(pairs: list[tuple[str, bytes]]) -> bytes:
    return CREDENTIALS + b"&".join(name.encode() + b"=" + value for name, value in pairs)


@settings(max_examples=200)
@given(path=st.sampled_from(PATHS), pairs=forms, as_query=st.booleans())
async def test_any_fields_are_answered_without_a_failure(
    lasting_client: Client, path: str, pairs: list[tuple[str, bytes]], *, as_query: bool
) -> None:
    headers = {"Content-Type": FORM, "Authorization": AUTHORIZATION}
    if as_query:
        query = quote_from_bytes(written(pairs), safe="=&%+")
        answer = await lasting_client.request("GET", f"{path}?{query}", headers=headers)
    else:
        answer = await lasting_client.request("POST", path, data=written(pairs), headers=headers)
    assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    assert answer.body


@settings(max_examples=60)
@given(
    body=st.binary(max_size=300), kind=st.sampled_from([FORM, "multipart/form-data; boundary=x"])
)
async def test_any_bytes_are_answered_without_a_failure(
    lasting_client: Client, body: bytes, kind: str
) -> None:
    for path in PATHS:
        answer = await lasting_client.request(
            "POST", path, data=b"--x\r\n" + body, headers={"Content-Type": kind}
        )
        assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR


@pytest.mark.parametrize(
    "document",
    [
        b"<SMS>" * 150_000,
        b'<!DOCTYPE a [<!ENTITY b "bb">]><SMS>&b;</SMS>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><SMS/>',
        b"\xff\xfe<SMS/>",
        b"<SMS>&undefined;</SMS>",
        b"<SMS>\x00</SMS>",
    ],
)
async def test_hostile_xml_is_an_xml_error(client: Client, document: bytes) -> None:
    body = b"XML=" + b"".join(b"%%%02X" % byte for byte in document[:200_000])
    answer = await client.request(
        "POST", "/members/sms/xml.php", data=body, headers={"Content-Type": FORM}
    )
    assert answer.xml().findtext("status") == "-2"


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (PATHS[0], b'"error_code": 1'),
        (PATHS[3], b'"code":6'),
        (PATHS[5], b'"code": 20001'),
        (PATHS[2], b"-2"),
    ],
)
async def test_broken_utf_8_is_refused(client: Client, path: str, part: bytes) -> None:
    body = CREDENTIALS + b"charset=utf-8&mes=%FF&text=%FF&Body=%FF&XML=%FF"
    headers = {"Content-Type": FORM, "Authorization": AUTHORIZATION}
    answer = await client.request("POST", path, data=body, headers=headers)
    assert part in answer.body


async def test_a_packed_body_is_rubbish_and_no_failure(client: Client) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    answer = await client.request("POST", PATHS[0], data=b"\x00\xff", headers=headers)
    assert answer.status == HTTPStatus.OK


async def test_a_body_of_several_megabytes_is_not_read(client: Client) -> None:
    async def drips() -> object:
        for _ in range(40):
            yield b"x" * 65_536

    answer = await client.request("POST", PATHS[0], data=drips())
    assert answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    "head",
    [
        b"GET /sys/%ff%fe/..%2f?x=%zz HTTP/1.1\r\nHost: x",
        b"GET //sys/send.php HTTP/1.1\r\nHost: x",
        b"GET /sys/send.php?\xff HTTP/1.1\r\nHost: x",
        b"GET http://[::1/sys/send.php HTTP/1.1\r\nHost: x",
        b"POST /sys/send.php HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz",
        b"POST /sys/send.php HTTP/1.1\r\nHost: x\r\nContent-Length: -1",
        b"GET /2010-04-01/Accounts/x/Calls.json HTTP/1.1\r\nHost: x\r\nAuthorization: \xff",
    ],
)
async def test_malformed_http_is_answered_and_not_logged(
    client: Client, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    port = int(client.simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"\r\n\r\n")
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()
    assert line.split()[1][:1] in (b"2", b"4")
    assert caplog.records == []
