"""What the OpenAPI document says beyond what Litestar can read from a handler."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)

from entrypoints.http.bodies import PhoneBody, SendBody
from entrypoints.http.replies import ErrorEnvelope

_KEYED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE)
NOT_FOUND = (*_KEYED, HTTPStatus.NOT_FOUND)
WITH_BODY = (
    *_KEYED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
_STRING = Schema(type=OpenAPIType.STRING)
_SEND_EXAMPLE = {"phones": ["77011234567", "77070001234"], "message": "Hello, world!"}
_PHONE_EXAMPLE = {"phone": "77011234567"}


def answers(
    answer: type[msgspec.Struct], errors: Iterable[HTTPStatus]
) -> Mapping[int, ResponseSpec]:
    """Document the answer of a route, and the errors it can give."""
    refusals = {
        int(status): ResponseSpec(ErrorEnvelope, description=status.phrase, generate_examples=False)
        for status in errors
    }
    good = ResponseSpec(answer, description="Done", generate_examples=False)
    return {int(HTTPStatus.OK): good, **refusals}


def _body(wanted: type[msgspec.Struct], example: object, *, required: bool) -> RequestBody:
    """Document a body the handler reads itself."""
    (schema,), parts = msgspec.json.schema_components([wanted])
    inlined = parts[wanted.__name__] if "$ref" in schema else schema
    # Litestar writes a plain mapping as it is.
    media = OpenAPIMediaType(schema=cast("Schema", inlined), example=example)
    return RequestBody(content={"application/json": media}, required=required)


@dataclass
class KeyedOperation(Operation):
    """An operation that needs an API key where there are any."""

    def __post_init__(self) -> None:
        """Describe the headers of its errors."""
        if self.responses is not None and not self.security:
            del self.responses[str(int(HTTPStatus.UNAUTHORIZED))]
        self._describe(HTTPStatus.UNAUTHORIZED, "WWW-Authenticate", "Bearer")
        self._describe(HTTPStatus.SERVICE_UNAVAILABLE, "Retry-After", "Seconds to wait")

    def _describe(self, status: HTTPStatus, header: str, description: str) -> None:
        answer = (self.responses or {}).get(str(int(status)))
        if isinstance(answer, OpenAPIResponse):
            answer.headers = {header: OpenAPIHeader(schema=_STRING, description=description)}


@dataclass
class SendOperation(KeyedOperation):
    """An operation with a ``SendBody``."""

    def __post_init__(self) -> None:
        """Add the body and the headers."""
        super().__post_init__()
        self.request_body = _body(SendBody, _SEND_EXAMPLE, required=True)
        self._describe(HTTPStatus.OK, "Location", "Where the request can be read: /requests/{id}")
        prefer = "return=representation adds one row per recipient to the answer (RFC 7240)"
        self.parameters = [Parameter("Prefer", "header", schema=_STRING, description=prefer)]


@dataclass
class PhoneOperation(KeyedOperation):
    """An operation with a ``PhoneBody``."""

    def __post_init__(self) -> None:
        """Add the body."""
        super().__post_init__()
        self.request_body = _body(PhoneBody, _PHONE_EXAMPLE, required=True)


@dataclass
class OptionalPhoneOperation(KeyedOperation):
    """An operation with a ``PhoneBody``, which ``?phone=`` replaces."""

    def __post_init__(self) -> None:
        """Add the body."""
        super().__post_init__()
        self.request_body = _body(PhoneBody, _PHONE_EXAMPLE, required=False)
