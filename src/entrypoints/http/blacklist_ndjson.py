"""A blacklist as NDJSON: one JSON object a line."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from application.blacklist_import import BadLine, ImportLine
from entrypoints.http.blacklist_lines import LONGEST_LINE, line_of, unending
from entrypoints.http.bodies import WholeNumber

_BOM = b"\xef\xbb\xbf"
_WANTED = (
    "A line is a JSON object in UTF-8 with phone, and perhaps created_at, reason, note and"
    " expires_at, all of them text."
)


class _Line(msgspec.Struct, frozen=True):
    phone: str | WholeNumber
    created_at: str | None = None
    reason: str | None = None
    note: str | None = None
    expires_at: str | None = None


_LINE = msgspec.json.Decoder(_Line)


def read_ndjson(file: BinaryIO) -> Iterator[ImportLine | BadLine]:
    """Read a list from its beginning.

    Raises:
        InvalidImportError: it is no such list: a line without end.
    """
    file.seek(0)
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise unending(number)
        if number == 1:
            line = line.removeprefix(_BOM)
        if not line.isspace() and line:
            yield _read(number, line)


def _read(number: int, line: bytes) -> ImportLine | BadLine:
    try:
        fields = _LINE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError):
        return BadLine(number, _WANTED)
    texts = msgspec.structs.asdict(fields) | {"phone": str(fields.phone)}
    return line_of(number, {name: text for name, text in texts.items() if text})
