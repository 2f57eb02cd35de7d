"""What only a socket can show."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.http.live import living
from tests.integration.http.service import DOORS, HELLO, refusal

MIB_10 = 10 * 1024 * 1024


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with living(tmp_path_factory.mktemp("habar")) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=20) as client:
        yield client


def exchange(url: str, request: bytes) -> bytes:
    """Write raw bytes and read until the server has nothing more to say."""
    parts = urlsplit(url)
    assert parts.port is not None
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("path", ["/sms", "/call"])
def test_the_documented_calls_are_answered(client: httpx.Client, path: str, door: str) -> None:
    answer = client.post(f"{path}{door}", json=HELLO)
    assert answer.content == b'{"status":true}'
    assert client.get(answer.headers["location"]).json()["status"] is True


def test_get_and_delete_carry_a_body(client: httpx.Client) -> None:
    body = {"phone": "77011234567"}
    assert client.post("/blacklist", json=body).content == b'{"status":true}'
    found = client.request("GET", "/blacklist", json=body)
    assert found.json()["content"]["blacklist"]["phone"] == "77011234567"
    assert client.request("DELETE", "/blacklist", json=body).content == b'{"status":true}'
    refusal(client.request("GET", "/blacklist", json=body), 400, "not_blacklisted")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("counted", [True, False])
def test_ten_mebibytes_are_refused_and_the_connection_lives_on(
    client: httpx.Client, door: str, *, counted: bool
) -> None:
    pieces = [b" " * 65_536] * (MIB_10 // 65_536)
    answer = client.post(f"/sms{door}", content=b"".join(pieces) if counted else iter(pieces))
    refusal(answer, 413, "body_too_large")
    assert client.post(f"/sms{door}", json=HELLO).content == b'{"status":true}'


@pytest.mark.parametrize("door", DOORS)
def test_a_body_may_come_in_small_pieces(client: httpx.Client, door: str) -> None:
    body = json.dumps(HELLO).encode()
    pieces = (body[start : start + 7] for start in range(0, len(body), 7))
    assert client.post(f"/sms{door}", content=pieces).content == b'{"status":true}'


@pytest.mark.parametrize("door", ["", "/"])
def test_requests_behind_one_another_on_one_connection_are_each_answered(
    url: str, door: str
) -> None:
    body = json.dumps(HELLO).encode()
    head = f"POST /sms{door} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    lasting = f"{head}\r\n".encode() + body
    last = f"{head}Connection: close\r\n\r\n".encode() + body
    answer = exchange(url, lasting * 3 + last)
    assert answer.count(b"HTTP/1.1 200") == answer.count(b'{"status":true}') == 4


@pytest.mark.parametrize("door", DOORS)
def test_garbage_in_headers_is_no_harm(url: str, door: str) -> None:
    body = json.dumps(HELLO).encode()
    head = (
        f"POST /sms{door} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n".encode()
    )
    garbage = b"Prefer: \xff\xfe=\x80\r\nX-Anything: \xc3\x28\r\nConnection: close\r\n\r\n"
    answer = exchange(url, head + garbage + body)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"status":true}')


def test_a_head_request_has_no_body(client: httpx.Client) -> None:
    for path in ("/livez", "/readyz"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
