"""What answers are made of: plain JSON, one envelope for every error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request

HttpRequest = Request[Any, Any, Any]
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whichever way it is sent.

    Attributes:
        body: JSON.
    """

    body: bytes
    status: int = HTTPStatus.OK
    headers: Headers = field(default_factory=dict)


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    field: str
    message: str


class ErrorEnvelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The one shape of an error."""

    status: bool
    status_code: str
    message: str
    errors: list[FieldError] = []


class StatusAnswer(msgspec.Struct, frozen=True):
    """It was done."""

    status: bool


def encode(answer: Any) -> bytes:  # noqa: ANN401 - any answer struct
    """Write an answer as JSON."""
    return msgspec.json.encode(answer)


OK = Reply(encode(StatusAnswer(status=True)))
