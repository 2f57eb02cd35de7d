"""Form fields as bytes, because a provider decides only later how they are to be read."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import web

_FIELDS_MAX = 2_000
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_PART_NAME = re.compile(rb'[;\s]name="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """Names and values in the order they came.

    Attributes:
        pairs: every byte stands as the Latin-1 character of the same number.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_urlencoded(cls, written: str) -> Self:
        """Read ``a=1&b=2``; more fields than any client sends are read as none."""
        try:
            pairs = parse_qsl(
                written, keep_blank_values=True, encoding="latin-1", max_num_fields=_FIELDS_MAX
            )
        except ValueError:
            return cls()
        return cls(tuple(pairs))

    @classmethod
    def from_multipart(cls, body: bytes, boundary: str) -> Self:
        """Read the parts that have a name, and pass over anything else."""
        pairs: list[tuple[str, str]] = []
        mark = b"\r\n--" + boundary.encode("latin-1", "replace")
        for part in (b"\r\n" + body).split(mark)[1:-1]:
            head, _, value = part.partition(b"\r\n\r\n")
            if name := _PART_NAME.search(head):
                pairs.append((name[1].decode("latin-1"), value.decode("latin-1")))
        return cls(tuple(pairs))

    def merged(self, other: Self) -> Self:
        """Return these fields followed by the other's."""
        return type(self)(self.pairs + other.pairs)

    def decoded(self, charset: str = "utf-8", errors: str = "strict") -> dict[str, str]:
        """Read the bytes as text; of a name that is repeated the last value counts.

        Raises:
            UnicodeDecodeError: the bytes are not text of this charset.
        """
        return {_text(n, charset, errors): _text(v, charset, errors) for n, v in self.pairs}

    def every(self, name: str) -> tuple[str, ...]:
        """Return all values of one repeated field."""
        return tuple(_text(value, "utf-8", "replace") for key, value in self.pairs if key == name)

    def raw(self, name: str) -> str:
        """Return the last value of a field that is ASCII by its nature, or an empty text."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def mentions(self, text: str) -> bool:
        """Tell whether any value contains the text, read as UTF-8."""
        wanted = text.encode().decode("latin-1")
        return any(wanted in value for _, value in self.pairs)


async def read_form(request: web.Request) -> tuple[Form, Form]:
    """Return the fields of the query and those of the body."""
    query = Form.from_urlencoded(request.rel_url.raw_query_string)
    body = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        return query, Form.from_urlencoded(body.decode("latin-1"))
    boundary = _BOUNDARY.search(request.headers.get("Content-Type", ""))
    if request.content_type == "multipart/form-data" and boundary:
        return query, Form.from_multipart(body, boundary[1])
    return query, Form()


def _text(latin: str, charset: str, errors: str) -> str:
    return latin if latin.isascii() else latin.encode("latin-1").decode(charset, errors)
