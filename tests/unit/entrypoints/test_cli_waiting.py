"""Waiting for messages: what is printed however it ends."""

import json

import httpx
import pytest

from entrypoints.cli import send as module
from entrypoints.cli.client import Client, Refused
from entrypoints.cli.waiting import wait_for

IDS = ["01a2084c-4a67-71f9-bce1-b10afb6ab48c", "01a2084c-4a67-71f9-bce1-b10afb6ab48d"]


def story(request: httpx.Request, status: str) -> httpx.Response:
    message = {"id": request.url.path.rpartition("/")[2], "status": status}
    fields: dict[str, object] = {**message, "provider": "smscru", "error": None, "history": []}
    return httpx.Response(200, json={"status": True, "content": {"message": fields}})


def refusal(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"status": False, "message": "No."}, headers=headers)


class Service:
    """Answers each question by the next of its answers, and the last one for ever."""

    def __init__(self, *answers: str | httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            rows = [row(message_id) for message_id in IDS]
            return httpx.Response(200, json={"status": True, "content": {"messages": rows}})
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return story(request, answer) if isinstance(answer, str) else answer

    def client(self) -> Client:
        transport = httpx.MockTransport(self)
        return Client(httpx.Client(transport=transport, base_url="http://habar"))


def row(message_id: str) -> dict[str, object]:
    known = {"phone": "77011234567", "status": "queued", "provider": "smscru"}
    return {"id": message_id, **known, "segments": 1, "error": None}


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_told_when_to_ask_again_asks_then(status: int) -> None:
    later = refusal(status, **{"Retry-After": "0"})
    service = Service(later, later, "delivered")
    ended = list(wait_for(service.client(), IDS))
    assert [message["id"] for message in ended] == IDS
    assert service.asked == 4


@pytest.mark.parametrize("when", ["soon", "-1", "9" * 400, "inf", ""])
def test_who_is_not_told_when_is_refused(when: str) -> None:
    service = Service(refusal(503, **{"Retry-After": when}))
    with pytest.raises(Refused):
        list(wait_for(service.client(), IDS))


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (refusal(401), 77),
        (refusal(403), 77),
        (refusal(404), 69),
        (refusal(429), 69),
        (refusal(500), 69),
        (httpx.ConnectError("refused"), 69),
        (httpx.ReadError("reset"), 69),
    ],
    ids=repr,
)
def test_however_the_waiting_ends_what_is_known_is_printed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ending: httpx.Response | Exception,
    code: int,
) -> None:
    service = Service("delivered", ending)
    monkeypatch.setattr(module, "connected", lambda: _Open(service.client()))
    words = [*("77011234567", "77070001234"), "--text", "Hi", "--wait", "--json"]
    with pytest.raises(Refused, match="was not learnt") as refused:
        module.send.main(words, standalone_mode=False)
    assert refused.value.exit_code == code
    rows = json.loads(capsys.readouterr().out)["content"]["messages"]
    assert [(told["id"], told["status"]) for told in rows] == [
        (IDS[0], "delivered"),
        (IDS[1], "queued"),
    ]


class _Open:
    """A connection that is there already."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __enter__(self) -> Client:
        return self._client

    def __exit__(self, *_: object) -> None:
        return None
