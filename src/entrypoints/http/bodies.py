"""JSON bodies, as callers send them: decoded here, for every route and every method."""

import re
from http import HTTPStatus
from typing import Annotated, Literal, TypeVar

import msgspec

from entrypoints.http.errors import BodyError, invalid_field
from entrypoints.http.headers import RawHeaders, header

Body = TypeVar("Body")
WholeNumber = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
TimeText = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
MAX_BODY_BYTES = 4_000_000
"""A request of 100 000 phones has about 1.6 MB."""
_BOM = b"\xef\xbb\xbf"
_MISSING = re.compile(r"missing required field `(\w+)`")
_WRONG = re.compile(r" - at `\$\.(\w+)(.*)`\Z")
_ONE_PHONE = "a phone, as text or as a whole number"
_SECONDS = "a number of seconds, from 0 to 1000000000"
_WANTED = {
    "phones": "a phone or a list of phones, each as text or as a whole number",
    "phone": _ONE_PHONE,
    "force": "true or false",
    "dry_run": "true or false",
    "delay": _SECONDS,
    "ttl": _SECONDS,
    "seconds": _SECONDS,
    "priority": "otp, transactional or bulk",
    "fallback": "a provider's code or a list of them",
    "on_unknown": "hold or resend",
}
_WANTED_INSIDE = {"phones": _ONE_PHONE, "fallback": "a provider's code, as text"}
_TEXT = "text"


class SendBody(msgspec.Struct, frozen=True, kw_only=True):
    """One text to one or many recipients. Fields beside these are ignored."""

    phones: str | WholeNumber | list[str | WholeNumber]
    message: str
    force: bool = False
    provider: str | None = None
    sender: str | None = None
    reference: str | None = None
    dry_run: bool = False
    send_at: TimeText | None = None
    delay: Seconds | None = None
    ttl: Seconds | None = None
    priority: Literal["otp", "transactional", "bulk"] | None = None
    fallback: str | list[str] | None = None
    on_unknown: Literal["hold", "resend"] | None = None
    callback_url: str | None = None

    @property
    def phone_list(self) -> list[str]:
        """The phones as text, however they were written."""
        if isinstance(self.phones, list):
            return [p if isinstance(p, str) else str(p) for p in self.phones]
        return [str(self.phones)]

    @property
    def fallback_list(self) -> list[str] | None:
        """The providers' codes, however they were written."""
        return [self.fallback] if isinstance(self.fallback, str) else self.fallback


class PhoneBody(msgspec.Struct, frozen=True):
    """One phone."""

    phone: str | WholeNumber


class EntryBody(msgspec.Struct, frozen=True):
    """One phone, and what is to be known of it on the blacklist."""

    phone: str | WholeNumber
    reason: str | None = None
    note: str | None = None
    expires_at: TimeText | None = None


SEND = msgspec.json.Decoder(SendBody, strict=False)
PHONE = msgspec.json.Decoder(PhoneBody, strict=False)
ENTRY = msgspec.json.Decoder(EntryBody, strict=False)


def decode(body: bytes, decoder: msgspec.json.Decoder[Body]) -> Body:
    """Read a body.

    ``"true"`` counts as true and ``"5"`` as 5, as callers of every language send them.

    Raises:
        BodyError: it is empty, not JSON, not UTF-8, nested without end, or of the wrong shape.
    """
    if not body:
        raise BodyError("missing_body", "The request has no body; send JSON.")
    try:
        return decoder.decode(body.removeprefix(_BOM))
    except msgspec.ValidationError as error:
        raise _wrong_shape(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError):
        raise BodyError(
            "malformed_json", "The body is not JSON in UTF-8; check quotes, commas and escapes."
        ) from None


def check_headers(headers: RawHeaders) -> None:
    """Refuse a compressed body.

    Raises:
        BodyError: 415.
    """
    if header(headers, b"content-encoding").strip().lower() not in {"", "identity"}:
        raise BodyError(
            "unsupported_encoding",
            "Compressed bodies are not taken; send plain JSON.",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )


def _wrong_shape(error: msgspec.ValidationError) -> BodyError:
    if missing := _MISSING.search(str(error)):
        return invalid_field(missing[1], "is missing")
    if wrong := _WRONG.search(str(error)):
        name, index = wrong.groups()
        wanted = (_WANTED_INSIDE if index else _WANTED).get(name, _TEXT)
        return invalid_field(name + index, f"must be {wanted}")
    return BodyError("invalid_request", "The body must be a JSON object.")
