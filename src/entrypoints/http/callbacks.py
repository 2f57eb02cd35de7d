"""``/callbacks/{provider}/receipt`` and ``/inbound``: what providers tell us unasked.

Both take either: some providers have one address for both. They need no API key, as every callback
has to prove where it comes from.
"""

from http import HTTPStatus
from typing import assert_never

from litestar import HttpMethod, MediaType, Response, route
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, RawBody, SkipValidation

from application.callbacks import TakeCallback
from application.ports.callbacks import Callback, Ignored, Malformed, Refused
from domain.inbound import InboundMessage
from domain.receipt import Receipt
from entrypoints.http.errors import error_reply, response
from entrypoints.http.replies import HttpRequest

MAX_CALLBACK_BYTES = 65_536
_REFUSED = error_reply(
    HTTPStatus.FORBIDDEN, "callback_refused", "Nothing proves where this comes from."
)
_MALFORMED = error_reply(
    HTTPStatus.BAD_REQUEST, "callback_malformed", "This is no callback of this provider."
)
_NO_REPLY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""Twilio would send any other answer to whoever wrote to us."""
_TEXT_XML = "text/xml"


@route(
    ["/callbacks/{provider:str}/receipt", "/callbacks/{provider:str}/inbound"],
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=200,
    include_in_schema=False,
    request_max_body_size=MAX_CALLBACK_BYTES,
)
async def take_callback(
    provider: FromPath[str],
    body: RawBody,
    request: HttpRequest,
    callbacks: NamedDependency[SkipValidation[TakeCallback]],
    public_url: NamedDependency[str | None],
) -> Response[bytes]:
    """Take what a provider tells; it is on disk when the answer is good."""
    outcome = await callbacks(provider, _callback(request, body, public_url))
    match outcome:
        case Receipt() | InboundMessage() | Ignored():
            return _good(provider)
        case Refused():
            return response(_REFUSED)
        case Malformed():
            return response(_MALFORMED)
        case None:
            raise NotFoundException
        case _:
            assert_never(outcome)


def _callback(request: HttpRequest, body: bytes, public_url: str | None) -> Callback:
    query: bytes = request.scope["query_string"]
    return Callback(
        method=request.method,
        url=None if public_url is None else _address(request, public_url, query),
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _address(request: HttpRequest, public_url: str, query: bytes) -> str:
    """Return the address as the provider knows it; ``Host`` is whatever a stranger says."""
    path = request.scope["raw_path"].partition(b"?")[0].decode("latin-1")
    behind = f"?{query.decode('latin-1')}" if query else ""
    return f"{public_url.rstrip('/')}{path}{behind}"


def _good(provider: str) -> Response[bytes]:
    content, media_type = (
        (_NO_REPLY, _TEXT_XML) if provider == "twilio" else (b"OK", MediaType.TEXT)
    )
    return Response(content, media_type=media_type, headers={"Cache-Control": "no-store"})
