"""Bodies of the calls that have something told again."""

from dataclasses import dataclass
from typing import cast

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, RequestBody, Schema

from entrypoints.http.bodies import TimeText
from entrypoints.http.openapi import KeyedOperation


class ReplayBody(msgspec.Struct, frozen=True):
    """Since when, and to which address if not to all."""

    since: TimeText
    url: str | None = None


class EndpointBody(msgspec.Struct, frozen=True):
    """One address."""

    url: str


REPLAY = msgspec.json.Decoder(ReplayBody)
ENDPOINT = msgspec.json.Decoder(EndpointBody)


@dataclass
class ReplayOperation(KeyedOperation):
    """An operation with a ``ReplayBody``."""

    def __post_init__(self) -> None:
        """Add the body."""
        super().__post_init__()
        self.request_body = _body(ReplayBody, {"since": "2026-11-23T06:34:43Z"})


@dataclass
class EndpointOperation(KeyedOperation):
    """An operation with an ``EndpointBody``."""

    def __post_init__(self) -> None:
        """Add the body."""
        super().__post_init__()
        self.request_body = _body(EndpointBody)


def _body(wanted: type[msgspec.Struct], example: object = None) -> RequestBody:
    """Document a body the handler reads itself."""
    _, parts = msgspec.json.schema_components([wanted])
    # Litestar writes a plain mapping as it is.
    media = OpenAPIMediaType(schema=cast("Schema", parts[wanted.__name__]), example=example)
    return RequestBody(content={"application/json": media}, required=True)
