"""Times, as callers write them: RFC 3339, with an offset."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from entrypoints.http.errors import invalid_field

_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


def read_time(field: str, text: str | None) -> datetime | None:
    """Read a time; ``None`` stays ``None``.

    Raises:
        BodyError: it is not such a time; the field is named.
    """
    if text is None:
        return None
    try:
        return msgspec.convert(text, _Aware).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        example = "2026-11-23T06:34:43Z or 2026-11-23T11:34:43+05:00"
        raise invalid_field(field, f"must be a time with an offset, such as {example}") from None
