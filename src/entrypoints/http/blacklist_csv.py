"""A blacklist as CSV, as people and their spreadsheets write it.

With a header or without, UTF-8 with a byte order mark or without, with commas, with semicolons as
Excel writes them where the comma is in the numbers, or with tabs; any line ends.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import chain
from typing import BinaryIO, TextIO

from application.blacklist_import import BadLine, ImportLine
from domain.errors import InvalidImportError
from entrypoints.http.blacklist_lines import LONGEST_LINE, line_of, unending

COLUMNS = ("phone", "created_at", "reason", "note", "expires_at")
_QUOTE = '"'
_DELIMITERS = ",;\t"
_UNDECODED = re.compile("[\udc80-\udcff]")
_NOT_UTF8 = "The line is not UTF-8; save the list as CSV UTF-8."
_QUOTES = (
    "The line cannot be read: a quote is not closed, or something stands behind one;"
    " lines up to {last} may be part of it."
)


def read_csv(file: BinaryIO) -> Iterator[ImportLine | BadLine]:
    """Read a list from its beginning.

    Raises:
        InvalidImportError: it is no such list: a line without end, or a header without phones.
    """
    file.seek(0)
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from _lines(text)
    finally:
        text.detach()  # the file stays open for whoever reads it again


def _lines(text: TextIO) -> Iterator[ImportLine | BadLine]:
    columns: Sequence[str] | None = None
    for number, cells in _rows(text):
        if isinstance(cells, BadLine):
            yield cells
        elif columns is None and _is_header(cells):
            columns = _columns(cells)
        elif any(cells):
            columns = columns or COLUMNS
            yield _line(number, cells, columns)


def _rows(text: TextIO) -> Iterator[tuple[int, list[str] | BadLine]]:
    """Read cells; each row with the number of the line it starts on."""
    physical = _physical(text)
    first = next(physical, "")
    reader = csv.reader(chain([first], physical), delimiter=_delimiter(first), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error:  # the reader begins anew on the next line
            yield number, BadLine(number, _QUOTES.format(last=reader.line_num))


def _physical(text: TextIO) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise unending(number)
        yield line


def _delimiter(first: str) -> str:
    """Take the first one outside quotes: a phone, or the name of a column, has none inside."""
    outside = "".join(first.split(_QUOTE)[::2])
    return next((mark for mark in outside if mark in _DELIMITERS), ",")


def _is_header(cells: Sequence[str]) -> bool:
    return any(cells) and not any(mark.isdigit() for mark in cells[0])


def _columns(header: Sequence[str]) -> Sequence[str]:
    columns = [name.strip().lower() for name in header]
    if columns.count("phone") != 1:
        raise InvalidImportError(
            "The first line names the columns, and none of them, or more than one, is phone;"
            " nothing was written."
        )
    return columns


def _line(number: int, cells: Sequence[str], columns: Sequence[str]) -> ImportLine | BadLine:
    if len(cells) > len(columns):
        return BadLine(number, f"The line has {len(cells)} columns and not {len(columns)}.")
    text = "".join(cells)
    if not text.isascii() and _UNDECODED.search(text):
        return BadLine(number, _NOT_UTF8)
    named = zip(columns, cells, strict=False)
    return line_of(number, {name: cell for name, cell in named if cell})
