"""The fields of a callback of smsc.ru: a form or JSON, in one of three charsets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from adapters.providers.form_fields import form_fields, readable
from application.ports.callbacks import Callback

CHARSETS = ("utf-8", "windows-1251", "koi8-r")
_LARGEST = 2**63
_JSON = msgspec.json.Decoder(dict[str, object])


@dataclass(frozen=True, slots=True)
class Fields:
    """What came, as the bytes a checksum is made over."""

    values: Mapping[bytes, bytes] = field(repr=False)
    charset: str

    def text(self, name: bytes) -> str:
        """Return a value as text that can be stored; empty where there is none."""
        return readable(self.values.get(name, b""), self.charset)

    def name(self, name: bytes) -> str:
        """Return a value that names somebody or something: nothing in it but what shows."""
        return "".join(filter(str.isprintable, self.text(name))).strip()


def read_fields(callback: Callback) -> Fields | None:
    """Read them from the body and the address; ``None`` where the body is neither form nor JSON."""
    address = form_fields(callback.query)
    asked = dict(address).get(b"charset", b"").decode("latin-1").lower()
    known = asked if asked in CHARSETS else None
    if callback.method == "POST" and callback.body.lstrip()[:1] == b"{":
        return _json_fields(callback.body, known or _guess(callback.body))
    posted = form_fields(callback.body) if callback.method == "POST" else []
    # Of a repeated field the first one; what was posted goes before the address.
    values = dict(reversed([*posted, *address]))
    return Fields(values, known or _guess(b"".join(values.values())))


def _json_fields(body: bytes, charset: str) -> Fields | None:
    try:
        found = _JSON.decode(body.decode(charset))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    written = {name: _written(value) for name, value in found.items()}
    return Fields(
        {
            name.encode(charset, "replace"): value.encode(charset, "replace")
            for name, value in written.items()
            if value is not None
        },
        charset,
    )


def _written(value: object) -> str | None:
    if isinstance(value, str):
        return value
    number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return str(value) if number else None


def _guess(text: bytes) -> str:
    """Tell the charset where the address does not: Russian in the default one is no UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return "windows-1251"
    return "utf-8"
