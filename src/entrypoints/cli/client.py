"""The commands' side of the HTTP API."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, BinaryIO, NoReturn
from urllib.parse import quote

import httpx
import rich_click as click

Json = dict[str, Any]
DEFAULT_URL = "http://127.0.0.1:8080"
NO = 1
UNAVAILABLE = 69
KEY_REFUSED = 77
SETTINGS = 78
"""Exit codes beside 0 and 2: the answer is no; and ``EX_UNAVAILABLE``, ``EX_NOPERM`` and
``EX_CONFIG`` of sysexits."""
_CONNECT_S = 10.0
_SECONDS = re.compile("[0-9]{1,5}")
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_KEYS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Refused(click.ClickException):
    """The end of a command that cannot be done.

    Attributes:
        answer: of the service, where there is one.
        retry_after_s: when to ask again, where the service says that.
    """

    def __init__(
        self,
        message: str,
        code: int,
        answer: Json | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc] # click reads it from the instance
        self.answer = answer
        self.retry_after_s = retry_after_s


class Client:
    """Asks the service of ``HABAR_URL``, with the key of ``HABAR_API_KEY``."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, path: str, **query: object) -> Json:
        """Ask; parameters that are ``None`` are left out."""
        return self._ask("GET", path, params=_said(query))

    def post(
        self, path: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> Json:
        """Have something done; fields that are ``None`` are left out."""
        return self._ask("POST", path, json=_said(body or {}), headers=headers)

    def delete(self, path: str, **query: object) -> Json:
        """Have something removed."""
        return self._ask("DELETE", path, params=_said(query))

    def upload(self, path: str, content: Iterable[bytes], kind: str, **query: object) -> Json:
        """Send a file of this media type."""
        headers = {"Content-Type": kind}
        return self._ask("POST", path, content=content, headers=headers, params=_said(query))

    def download(self, path: str, file: BinaryIO, **query: object) -> Iterator[int]:
        """Write an answer to a file; yield how many bytes that are so far."""
        with _told(), self._http.stream("GET", path, params=_said(query)) as answer:
            if not answer.is_success:
                answer.read()
                _refuse(answer)
            for piece in answer.iter_bytes():
                file.write(piece)
                yield answer.num_bytes_downloaded

    def _ask(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 - httpx's own
        with _told():
            answer = self._http.request(method, path, **request)
        if not answer.is_success:
            _refuse(answer)
        content = _content(answer)
        if content is None:
            raise Refused("What answers there is no Habar; see HABAR_URL.", UNAVAILABLE)
        return content


def segment(text: str) -> str:
    """Write what somebody typed as one segment of a path."""
    return quote(text, safe="") or "-"


@contextmanager
def connected() -> Iterator[Client]:
    """Speak to the service for as long as the block lasts."""
    key = os.environ.get("HABAR_API_KEY", "").strip()
    headers = {"X-API-Key": key} if key else {}
    # Sending to many takes as long as it takes; that nobody is there shows at once.
    timeout = httpx.Timeout(None, connect=_CONNECT_S)
    try:
        url = _url()
        # A proxy of the environment is for the way out, not for this machine.
        outside = httpx.URL(url).host not in _HERE
        http = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=outside)
    except UnicodeEncodeError:
        raise Refused("HABAR_API_KEY cannot be a key: it is not ASCII.", SETTINGS) from None
    with http:
        yield Client(http)


def is_keyless_neighbour() -> bool:
    """Tell whether the service is on this machine, and no key is named to be shown to it."""
    host = httpx.URL(_url()).host
    return not os.environ.get("HABAR_API_KEY", "").strip() and host in _HERE


def _url() -> str:
    text = os.environ.get("HABAR_URL", "").strip() or DEFAULT_URL
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise Refused(f"HABAR_URL is not an address such as {DEFAULT_URL}.", SETTINGS)
    return text


def _shown(url: str) -> str:
    """Write an address without the password it may hold."""
    return str(httpx.URL(url).copy_with(userinfo=b"", query=None))


@contextmanager
def _told() -> Iterator[None]:
    """Say in words that nobody answers."""
    try:
        yield
    except httpx.LocalProtocolError:
        raise Refused("HABAR_API_KEY cannot be a key.", SETTINGS) from None
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise Refused(
            f"Nobody answers at {_shown(_url())}; is habar serve running, and HABAR_URL right?",
            UNAVAILABLE,
        ) from None
    except httpx.HTTPError:
        raise Refused(
            "The connection broke off before the answer was here: it may have been done. Look"
            " before you do it again.",
            UNAVAILABLE,
        ) from None


def _refuse(answer: httpx.Response) -> NoReturn:
    content = _content(answer) or {}
    message = str(content.get("message") or f"The service answers {answer.status_code}.")
    problems = [f"\n  - {p['field']}: {p['message']}" for p in content.get("errors", [])]
    raise Refused(
        message + "".join(problems),
        _exit_code(answer.status_code),
        content or None,
        _retry_after_s(answer),
    )


def _retry_after_s(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if _SECONDS.fullmatch(text) else None


def _exit_code(status: int) -> int:
    if status in _KEYS:
        return KEY_REFUSED
    away = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER
    return UNAVAILABLE if away else NO


def _content(answer: httpx.Response) -> Json | None:
    try:
        content = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return content if isinstance(content, dict) and "status" in content else None


def _said(fields: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
