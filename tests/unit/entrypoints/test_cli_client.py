"""What commands make of the service's answers."""

from collections.abc import Callable
from io import BytesIO

import httpx
import pytest

from entrypoints.cli.client import Client, Refused, connected, segment
from entrypoints.cli.output import plain, print_table
from entrypoints.cli.pages import read_pages
from entrypoints.cli.waiting import has_ended
from entrypoints.moments import moment

Answering = Callable[[httpx.Request], httpx.Response]


def asking(answer: Answering) -> Client:
    transport = httpx.MockTransport(answer)
    return Client(httpx.Client(transport=transport, base_url="http://habar"))


def refusing(status: int, **body: object) -> Client:
    return asking(lambda _: httpx.Response(status, json={"status": False, **body}))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, 1),
        (401, 77),
        (403, 77),
        (404, 1),
        (409, 1),
        (422, 1),
        (429, 69),
        (500, 69),
        (503, 69),
    ],
)
def test_the_exit_code_tells_whose_turn_it_is(status: int, code: int) -> None:
    with pytest.raises(Refused) as refusal:
        refusing(status, status_code="x", message="No.").get("/messages")
    assert (refusal.value.exit_code, refusal.value.message) == (code, "No.")
    assert refusal.value.answer == {"status": False, "status_code": "x", "message": "No."}


def test_every_field_to_blame_is_named() -> None:
    client = refusing(400, message="No.", errors=[{"field": "phones[1]", "message": "Too short."}])
    with pytest.raises(Refused, match=r"phones\[1\]: Too short\."):
        client.post("/sms", {})


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[]", b"{}", b'"x"', b"\xff", b""])
@pytest.mark.parametrize("status", [200, 502])
def test_what_is_no_answer_of_habar_is_69(status: int, body: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        asking(lambda _: httpx.Response(status, content=body)).get("/messages")
    assert (refusal.value.exit_code, refusal.value.answer) == (69, None)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError("refused"), "Nobody answers at"),
        (httpx.ConnectTimeout("late"), "Nobody answers at"),
        (httpx.ReadError("reset"), "it may have been done"),
        (httpx.RemoteProtocolError("closed"), "it may have been done"),
    ],
)
def test_who_never_had_the_request_is_told_from_who_may_have(
    error: httpx.HTTPError, said: str
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Refused, match=said) as refusal:
        asking(fail).post("/sms", {"phones": ["77011234567"]})
    assert refusal.value.exit_code == 69


def test_what_was_not_said_is_not_sent() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        said = request.url.query.decode() + request.content.decode()
        return httpx.Response(200, json={"status": True, "said": said})

    assert asking(echo).get("/x", phone="+7 701", source=None)["said"] == "phone=%2B7+701"
    assert asking(echo).post("/x", {"a": 1, "b": None, "c": False})["said"] == '{"a":1,"c":false}'


def test_a_list_is_refused_before_a_byte_of_it_is_written() -> None:
    file = BytesIO()
    with pytest.raises(Refused):
        list(refusing(503, message="Away.").download("/blacklist/export", file))
    assert file.getvalue() == b""


@pytest.mark.parametrize(
    ("limit", "asked"), [(5, [5]), (1_000, [1_000]), (2_500, [1_000, 1_000, 500])]
)
def test_pages_are_read_until_there_are_enough_rows(limit: int, asked: list[int]) -> None:
    sizes: list[int] = []

    def page(request: httpx.Request) -> httpx.Response:
        sizes.append(int(request.url.params["limit"]))
        content = {"rows": list(range(sizes[-1])), "next_cursor": "more"}
        return httpx.Response(200, json={"status": True, "content": content})

    answer = read_pages(asking(page), "/rows", "rows", limit)
    assert (len(answer["content"]["rows"]), sizes) == (limit, asked)


def test_pages_end_with_the_last_one() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        last = "cursor" in request.url.params
        content = {"rows": [1], "next_cursor": None if last else "more"}
        return httpx.Response(200, json={"status": True, "content": content})

    answer = read_pages(asking(page), "/rows", "rows", 9)
    assert answer["content"] == {"rows": [1, 1], "next_cursor": None}


@pytest.mark.parametrize(("typed", "sent"), [("a/../b", "a%2F..%2Fb"), ("", "-"), ("ok", "ok")])
def test_what_is_typed_stays_one_segment_of_a_path(typed: str, sent: str) -> None:
    assert segment(typed) == sent


def test_a_terminal_obeys_nothing_a_provider_says() -> None:
    assert plain("a\x1b[31mred\x07\r\nb") == "a?[31mred??\nb"


def test_times_are_told_to_the_second() -> None:
    assert moment("2026-11-23T06:34:43.123456Z") == "2026-11-23 06:34:43"
    assert moment(None) == ""


@pytest.mark.parametrize(
    ("status", "events", "ended"),
    [
        ("queued", [], False),
        ("submitted", ["submitted"], False),
        ("unknown", ["unknown", "looked_up"], False),
        ("unknown", ["unknown", "held"], True),
        ("delivered", ["delivered"], True),
        ("blocked", ["blocked"], True),
    ],
)
def test_a_message_is_waited_for_until_nothing_more_is_to_come(
    status: str,
    events: list[str],
    ended: bool,  # noqa: FBT001 - one of the values
) -> None:
    history = [{"event": name} for name in events]
    assert has_ended({"status": status, "history": history}) is ended


def test_nobody_is_shown_a_password_and_no_proxy_stands_before_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HABAR_URL", "http://bob:secret@127.0.0.1:1/?key=secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:2")
    with pytest.raises(Refused) as refused, connected() as client:
        client.get("/messages")
    assert "http://127.0.0.1:1/;" in refused.value.message
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("columns", ["20", "40", "80"])
def test_no_word_of_a_table_is_broken_in_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    ids = ["01a2084c-4a67-71f9-bce1-b10afb6ab48c", "77011234567"]
    why = "The provider does not know this one."
    print_table(["At", "Message", "Phone", "Why"], [["2026-11-23 06:34:43", *ids, why]])
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("2026-11-23 06:34:43", *ids, *why.split()))
    assert max(map(len, printed.splitlines()[1:])) <= 19 + 36 + 11 + 8 + 3 * 2
