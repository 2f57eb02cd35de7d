"""The fields of a form a provider posts or writes into an address."""

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

MAX_FIELDS = 300
"""Several times what any provider sends. A stranger's form of thousands would hold up others."""
Field = tuple[bytes, bytes]


def form_fields(form: bytes) -> list[Field]:
    """Return names and values in their order, empty ones and repetitions included.

    They are bytes: signatures cover what was sent, in whichever encoding. Of a form with too many
    fields none is returned.
    """
    if form.count(b"&") >= MAX_FIELDS:
        return []
    pairs = [pair.partition(b"=") for pair in form.split(b"&") if pair]
    return [(_decoded(name), _decoded(value)) for name, _, value in pairs]


def first_of_each(fields: Iterable[Field], encoding: str = "utf-8") -> dict[str, str]:
    """Return the fields as text that can be stored; of a repeated one its first value."""
    found: dict[str, str] = {}
    for name, value in fields:
        found.setdefault(readable(name, encoding), readable(value, encoding))
    return found


def readable(text: bytes, encoding: str = "utf-8") -> str:
    """Return text that can be stored, whatever was sent: what cannot be read is U+FFFD."""
    return text.decode(encoding, "replace").replace("\x00", "\ufffd")


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
