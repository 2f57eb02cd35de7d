"""Lists of phones, as people and programs write them."""

import csv
import io
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.blacklist_import import BadLine, ImportLine
from domain.errors import InvalidImportError
from entrypoints.http.blacklist_csv import COLUMNS, read_csv
from entrypoints.http.blacklist_ndjson import read_ndjson

PHONE = "77011234567"
SINCE = datetime(2020, 9, 1, 12, 30, tzinfo=UTC)
BOM = b"\xef\xbb\xbf"
phones = st.from_regex(r"\+?[1-9][0-9]{6,14}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
rows = st.lists(st.fixed_dictionaries({"phone": phones, "reason": texts, "note": texts}))


def from_csv(body: bytes | str) -> list[ImportLine | BadLine]:
    return list(read_csv(io.BytesIO(body.encode() if isinstance(body, str) else body)))


def from_ndjson(body: bytes | str) -> list[ImportLine | BadLine]:
    return list(read_ndjson(io.BytesIO(body.encode() if isinstance(body, str) else body)))


def line(number: int, phone: str = PHONE, **more: object) -> ImportLine:
    return ImportLine(number=number, phone=phone, **more)  # type: ignore[arg-type]


def bad(found: list[ImportLine | BadLine]) -> list[int]:
    return [one.number for one in found if isinstance(one, BadLine)]


@given(
    rows=rows,
    header=st.booleans(),
    bom=st.booleans(),
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\r\n", "\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_program_writes_as_csv_is_read_whole(  # noqa: PLR0913 - all that may differ
    rows: list[dict[str, str]],
    *,
    header: bool,
    bom: bool,
    delimiter: str,
    end: str,
    quoting: int,
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(
        text,
        COLUMNS,
        delimiter=delimiter,
        lineterminator=end,
        quoting=quoting,  # type: ignore[arg-type]
    )
    if header:
        writer.writeheader()
    writer.writerows(rows)
    found = from_csv(BOM * bom + text.getvalue().encode())
    assert found == [
        line(n, row["phone"], reason=row["reason"] or None, note=row["note"] or None)
        for n, row in enumerate(rows, start=1 + header)
    ]


@given(rows=rows, bom=st.booleans())
def test_what_a_program_writes_as_ndjson_is_read_whole(
    rows: list[dict[str, str]], *, bom: bool
) -> None:
    body = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    assert from_ndjson(BOM * bom + body) == [
        line(n, row["phone"], reason=row["reason"] or None, note=row["note"] or None)
        for n, row in enumerate(rows, start=1)
    ]


@given(st.binary(max_size=200))
def test_nothing_breaks_the_reading_of_a_list(body: bytes) -> None:
    for read in (from_csv, from_ndjson):
        try:
            found = read(body)
        except InvalidImportError:
            continue
        numbers = [one.number for one in found]
        assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    "body",
    [
        PHONE,
        f"{PHONE}\n",
        f"{PHONE}\r\n\r\n",
        f'"{PHONE}"\n',
        f"{PHONE},,,,\n",
        f"{PHONE};\n",
    ],
    ids=repr,
)
def test_a_list_of_phones_alone_needs_no_header(body: str) -> None:
    assert from_csv(body) == [line(1)]


def test_columns_are_found_by_their_names() -> None:
    body = f"id; Reason ;PHONE;source\n5;сам попросил;{PHONE};stop\n\n6;;{PHONE}\n"
    assert from_csv(body) == [line(2, reason="сам попросил"), line(4)]


@pytest.mark.parametrize(
    "written",
    [
        "2020-09-01T12:30:00Z",
        "2020-09-01T17:30:00+05:00",
        "2020-09-01 12:30:00",
        "2020-09-01 12:30",
        "01.09.2020 12:30",
        "1.9.2020 12:30:00",
    ],
)
def test_times_are_read_as_programs_and_spreadsheets_write_them(written: str) -> None:
    assert from_csv(f"{PHONE},{written},,,{written}") == [
        line(1, created_at=SINCE, expires_at=SINCE)
    ]


@pytest.mark.parametrize(
    "written", ["yesterday", "2020-13-01", "31.02.2020", "0001-01-01T00:00:00+05:00", "12:30"]
)
def test_a_line_whose_time_is_none_is_bad(written: str) -> None:
    assert bad(from_csv(f"{PHONE}\n{PHONE},{written}\n{PHONE}")) == [2]
    assert bad(from_ndjson(f'{{"phone":"1","expires_at":"{written}"}}')) == [1]


def test_a_line_that_is_not_utf8_is_bad_alone() -> None:
    body = f"{PHONE},,причина\n".encode("cp1251") + f"{PHONE},,причина\n".encode()
    found = from_csv(body)
    assert bad(found) == [1]
    assert found[1] == line(2, reason="причина")


def test_a_line_with_more_columns_than_there_are_is_bad() -> None:
    assert bad(from_csv(f"phone,reason\n{PHONE},a\n{PHONE},a,b\n{PHONE}")) == [3]
    assert bad(from_csv(f"{PHONE},,,,,\n")) == [1]


def test_a_quote_that_is_not_closed_makes_its_lines_bad() -> None:
    assert bad(from_csv(f'{PHONE},,"a\n{PHONE}\n{PHONE}')) == [1]
    assert bad(from_csv(f'{PHONE},,"a\n{PHONE},,"b\n{PHONE}')) == [1]


@pytest.mark.parametrize("body", ["name,number\n1,2", "phone,phone\n1,2", "телефон\n77011234567"])
def test_a_header_without_phones_is_refused(body: str) -> None:
    with pytest.raises(InvalidImportError):
        from_csv(body)


@pytest.mark.parametrize("read", [from_csv, from_ndjson])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    read: type[list[object]],
) -> None:
    with pytest.raises(InvalidImportError, match="Line 2 "):
        read(f"{PHONE}\n".encode() + b"7" * 1_000_000)


@pytest.mark.parametrize(
    "written",
    [
        "{",
        "[]",
        "5",
        "{}",
        '{"phone":null}',
        '{"phone":true}',
        '{"phone":1.5}',
        '{"phone":"1","reason":5}',
        '{"phone":"\\ud800"}',
        "[" * 10_000,
        '{"phone":%s}' % ("7" * 5_000),
    ],
    ids=lambda text: text[:20],
)
def test_a_line_that_is_no_such_json_is_bad_alone(written: str) -> None:
    found = from_ndjson(f'{{"phone":{PHONE}}}\n\n{written}\r\n{{"phone":"{PHONE}","x":1}}')
    assert bad(found) == [3]
    assert [found[0], found[2]] == [line(1), line(4)]
