"""A hand on what providers tell the gateway, and an address that is told of every change."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.processes import Client, Json, Program

PUBLIC_URL = "https://sms.example.com"
SMSCRU_SECRET = "one phrase"
MOBIZONKZ_SECRET = "another phrase"
WEBHOOK_KEY = base64.b64encode(b"twenty-four bytes or more").decode()
CALLBACKS = {
    "PUBLIC_URL": PUBLIC_URL,
    "SMSCRU_CALLBACK_SECRET": SMSCRU_SECRET,
    "MOBIZONKZ_WEBHOOK_SECRET": MOBIZONKZ_SECRET,
    "API_KEYS": "",
}
"""What a gateway is told so that it believes the simulator."""
SECRETS = ("--smscru-secret", SMSCRU_SECRET, "--mobizonkz-secret", MOBIZONKZ_SECRET)
"""What the simulator is told so that it is believed."""
_TOLERANCE_S = 300


class Caller(Client):
    """A caller who waits for what comes back."""

    def __init__(self, gateway: Program, simulator: Program) -> None:
        super().__init__(gateway, simulator)
        self.order("gateway", urls=[gateway.url], public_url=PUBLIC_URL, retry_s=0.2)

    def order(self, what: str, **order: object) -> Json:
        """Set something in the simulator; its answer."""
        answer = self._http.post(f"{self._simulator.url}/simulator/{what}", json=order)
        assert answer.status_code == httpx.codes.OK, answer.text
        content: Json = answer.json()
        return content

    def callbacks(self, **query: str) -> list[Json]:
        """Return what the providers posted, and what was answered."""
        url = f"{self._simulator.url}/simulator/callbacks"
        found: list[Json] = self._http.get(url, params=query).json()
        return found

    def all_told(self, timeout_s: float = 60) -> None:
        """Wait until the providers have nothing more to tell."""
        url = f"{self._simulator.url}/simulator/gateway"
        waited(lambda: not self._http.get(url).json()["pending"], timeout_s)

    def tell_again(self, **query: str) -> None:
        """Have the providers tell of messages what is so by now."""
        url = f"{self._simulator.url}/simulator/receipts/again"
        assert self._http.post(url, params=query).json()["messages"]

    def write(self, provider: str, phone: str, text: str, **more: object) -> list[int]:
        """Have a subscriber write; what the gateway answered, each time."""
        order = {"provider": provider, "phone": phone, "to": "15005550006", "text": text}
        statuses: list[int] = self.order("inbound", **order, **more)["http_statuses"]
        return statuses

    def get(self, path: str, **query: str) -> Json:
        """Read from the gateway."""
        answer = self._http.get(f"{self._gateway.url}{path}", params=query)
        content: Json = answer.json()
        return content

    def messages(self, **query: str) -> list[Json]:
        """Return all messages of a kind, page by page."""
        found: list[Json] = []
        cursor = None
        while True:
            page = self.get("/messages", **query, **({"cursor": cursor} if cursor else {}))
            found += page["content"]["messages"]
            cursor = page["content"]["next_cursor"]
            if cursor is None:
                return found

    def tell(self, path: str, content: bytes, **headers: str) -> int:
        """Post to the gateway as anybody may; the HTTP status."""
        url = f"{self._gateway.url}{path}"
        return self._http.post(url, content=content, headers=headers).status_code

    def forget(self) -> None:
        """Empty the simulator's logs, and have everything be as usual."""
        super().forget()
        for what in ("receipts", "callbacks", "opt-outs"):
            self._http.delete(f"{self._simulator.url}/simulator/{what}")


@dataclass(frozen=True, slots=True)
class Told:
    """One post to the address, its signature checked."""

    id: str
    type: str
    data: Json
    body: str


@dataclass(slots=True)
class Listener:
    """What was told.

    Attributes:
        refusing: answer the first post of everything with 503; it does not count as told.
        refused: the ids of what was.
        problems: of posts that were not as they should be.
    """

    url: str = ""
    refusing: bool = False
    refused: set[str] = field(default_factory=set)
    told: list[Told] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def about(self, message_id: str) -> list[Told]:
        """Return what was told of one message, in the order it came."""
        return [told for told in tuple(self.told) if told.data.get("id") == message_id]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Check one post as Standard Webhooks have it; the HTTP status of the answer."""
        name, at = headers["webhook-id"], headers["webhook-timestamp"]
        key = base64.b64decode(WEBHOOK_KEY)
        signed = f"{name}.{at}.".encode() + body
        digest = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        if f"v1,{digest}" not in headers["webhook-signature"].split():
            self.problems.append("a wrong signature")
        if abs(time.time() - int(at)) > _TOLERANCE_S:
            self.problems.append("a wrong time")
        if self.refusing and name not in self.refused:
            self.refused.add(name)
            return httpx.codes.SERVICE_UNAVAILABLE
        content = json.loads(body)
        self.told.append(Told(name, content["type"], content["data"], body.decode()))
        return httpx.codes.NO_CONTENT


@contextmanager
def listening() -> Iterator[Listener]:
    """Take webhooks for as long as the block lasts."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer: int = httpx.codes.BAD_REQUEST
            try:
                answer = listener.take({k.lower(): v for k, v in self.headers.items()}, body)
            except (KeyError, ValueError) as error:
                listener.problems.append(repr(error))
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            listener.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
            yield listener
        finally:
            server.shutdown()
            thread.join()


def webhooks_to(listener: Listener) -> dict[str, str]:
    """Return the settings of a gateway that tells this listener."""
    return {
        "WEBHOOK_URLS": listener.url,
        "WEBHOOK_SECRETS": f"whsec_{WEBHOOK_KEY}",
        "WEBHOOK_ALLOW_PRIVATE": "true",
    }


def waited(holds: Callable[[], object], timeout_s: float = 30) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.05)
