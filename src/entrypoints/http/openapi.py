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

from domain.idempotency import KEY_LENGTH
from entrypoints.http.bodies import EntryBody, PhoneBody, SendBody
from entrypoints.http.replies import ErrorEnvelope

_KEYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_KEYED = (HTTPStatus.BAD_REQUEST, *_KEYS, HTTPStatus.SERVICE_UNAVAILABLE)
LISTING = _KEYED
NOT_FOUND = (*_KEYED, HTTPStatus.NOT_FOUND)
WITH_BODY = (
    *_KEYED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
CANCELING = (*NOT_FOUND, HTTPStatus.CONFLICT)
WITH_KEY = (*WITH_BODY, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
_GOOD = (HTTPStatus.OK, HTTPStatus.ACCEPTED)
CSV = "text/csv"
NDJSON = "application/x-ndjson"
_STRING = Schema(type=OpenAPIType.STRING)
_SEND_EXAMPLE = {"phones": ["77011234567", "77070001234"], "message": "Hello, world!"}
_PHONE_EXAMPLE = {"phone": "77011234567"}
_PREFER = Parameter(
    "Prefer",
    "header",
    schema=_STRING,
    description=(
        "return=representation adds one row per recipient to the answer; respond-async answers"
        " as soon as the messages are on disk, and sends them in the background (RFC 7240)"
    ),
)
_KEY = Parameter(
    "Idempotency-Key",
    "header",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=KEY_LENGTH),
    description="Printable ASCII. With the same key the same request is served only once.",
)


def answers(
    answer: type[msgspec.Struct | str],
    errors: Iterable[HTTPStatus],
    *,
    accepted: bool = False,
    media_type: str = "application/json",
) -> Mapping[int, ResponseSpec]:
    """Document the answer of a route, and the errors it can give.

    Args:
        answer: where all is well.
        errors: their statuses.
        accepted: whether the answer may also be that it will be done.
        media_type: of the good answer.
    """
    refusals = {
        int(status): ResponseSpec(ErrorEnvelope, description=status.phrase, generate_examples=False)
        for status in errors
    }
    done = {HTTPStatus.OK: "Done", **({HTTPStatus.ACCEPTED: "To be done"} if accepted else {})}
    good = {
        int(status): ResponseSpec(
            answer, description=text, generate_examples=False, media_type=media_type
        )
        for status, text in done.items()
    }
    return {**good, **refusals}


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
            for status in _KEYS:
                del self.responses[str(int(status))]
        self._describe(HTTPStatus.UNAUTHORIZED, "WWW-Authenticate", "Bearer")
        for status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            self._describe(status, "Retry-After", "Seconds to wait")

    def _describe(self, status: HTTPStatus, header: str, description: str) -> None:
        answer = (self.responses or {}).get(str(int(status)))
        if isinstance(answer, OpenAPIResponse):
            shown = OpenAPIHeader(schema=_STRING, description=description)
            answer.headers = {**(answer.headers or {}), header: shown}

    def _take_key(self) -> None:
        """Describe the key that makes a repetition harmless."""
        self.parameters = [*(self.parameters or []), _KEY]
        self._describe(HTTPStatus.CONFLICT, "Retry-After", "Seconds to wait")
        for status in _GOOD:
            self._describe(
                status, "Idempotent-Replayed", "true, where it is the first answer again"
            )


@dataclass
class SendOperation(KeyedOperation):
    """An operation with a ``SendBody``."""

    def __post_init__(self) -> None:
        """Add the body and the headers."""
        super().__post_init__()
        self.request_body = _body(SendBody, _SEND_EXAMPLE, required=True)
        self.parameters = [*(self.parameters or []), _PREFER]
        self._take_key()
        for status in _GOOD:
            self._describe(status, "Location", "Where the request can be read: /requests/{id}")
            self._describe(status, "Preference-Applied", "What of Prefer was done")


@dataclass
class OptionalPhoneOperation(KeyedOperation):
    """An operation with a ``PhoneBody``, which ``?phone=`` replaces."""

    def __post_init__(self) -> None:
        """Add the body."""
        super().__post_init__()
        self.request_body = _body(PhoneBody, _PHONE_EXAMPLE, required=False)


@dataclass
class RemovalOperation(OptionalPhoneOperation):
    """The same, and a change."""

    def __post_init__(self) -> None:
        """Add the key."""
        super().__post_init__()
        self._take_key()


@dataclass
class EntryOperation(KeyedOperation):
    """A change with an ``EntryBody``."""

    def __post_init__(self) -> None:
        """Add the body and the key."""
        super().__post_init__()
        self.request_body = _body(EntryBody, _PHONE_EXAMPLE, required=True)
        self._take_key()


@dataclass
class ImportOperation(KeyedOperation):
    """A change with a list of phones."""

    def __post_init__(self) -> None:
        """Add the body, in each of its formats."""
        super().__post_init__()
        lists = {
            CSV: "phone,reason\n77011234567,asked for it\n",
            NDJSON: '{"phone": "77011234567", "reason": "asked for it"}\n',
        }
        content = {name: OpenAPIMediaType(_STRING, example=text) for name, text in lists.items()}
        self.request_body = RequestBody(content=content, required=True)


@dataclass
class ExportOperation(KeyedOperation):
    """An answer that is CSV or NDJSON."""

    def __post_init__(self) -> None:
        """Add the format Litestar does not know of."""
        super().__post_init__()
        answer = (self.responses or {}).get(str(int(HTTPStatus.OK)))
        if isinstance(answer, OpenAPIResponse):
            answer.content = {**(answer.content or {}), NDJSON: OpenAPIMediaType(_STRING)}
