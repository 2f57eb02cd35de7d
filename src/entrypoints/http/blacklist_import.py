"""``POST /blacklist/import``."""

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Annotated, BinaryIO

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from application.blacklist_import import BadLine, ImportBlacklist, ImportLine, ImportReport
from entrypoints.http.blacklist_csv import read_csv
from entrypoints.http.blacklist_ndjson import read_ndjson
from entrypoints.http.blacklist_upload import MAX_IMPORT_BYTES, Uploads
from entrypoints.http.errors import BodyError, response
from entrypoints.http.headers import RawHeaders, header
from entrypoints.http.incoming import caller_of
from entrypoints.http.openapi import WITH_BODY, ImportOperation, answers
from entrypoints.http.replies import HttpRequest, Reply, encode

_READERS: dict[str, Callable[[BinaryIO], Iterator[ImportLine | BadLine]]] = {
    "text/csv": read_csv,
    "application/csv": read_csv,
    "application/x-ndjson": read_ndjson,
    "application/ndjson": read_ndjson,
    "application/jsonl": read_ndjson,
}


class LineError(msgspec.Struct, frozen=True):
    """What is wrong with a line."""

    line: int
    message: str


class ImportContent(msgspec.Struct, frozen=True):
    """How many lines there were, and what became of them; ``errors``: the first bad ones."""

    lines: int
    added: int
    already: int
    expired: int
    bad: int
    errors: list[LineError]


class ImportAnswer(msgspec.Struct, frozen=True):
    """What became of a list."""

    status: bool
    content: ImportContent


@post(
    "/blacklist/import",
    status_code=200,
    operation_class=ImportOperation,
    request_max_body_size=MAX_IMPORT_BYTES,
    responses=answers(ImportAnswer, WITH_BODY),
)
async def post_blacklist_import(
    request: HttpRequest,
    import_blacklist: NamedDependency[ImportBlacklist],
    uploads: NamedDependency[Uploads],
    dry_run: Annotated[bool, QueryParameter(description="only say what would be done")] = False,  # noqa: FBT002 - Litestar's way
    keep_good: Annotated[  # noqa: FBT002 - Litestar's way
        bool, QueryParameter(description="write the good lines where some are bad")
    ] = False,
) -> Response[bytes]:
    """Put a list of phones on the blacklist: CSV or NDJSON, checked wholly before it is written."""
    read = _reader(request.scope["headers"])
    async with uploads.body(request) as file:
        report = await import_blacklist(
            partial(read, file),
            by=caller_of(request.scope),
            dry_run=dry_run,
            keep_good=keep_good,
        )
    return response(Reply(encode(_answer(report))))


def _reader(headers: RawHeaders) -> Callable[[BinaryIO], Iterator[ImportLine | BadLine]]:
    """Choose by ``Content-Type``; no page of another site can send one of these unasked."""
    if header(headers, b"content-encoding").strip().lower() not in {"", "identity"}:
        raise BodyError(
            "unsupported_encoding",
            "Compressed bodies are not taken; send plain CSV or NDJSON.",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    media_type = header(headers, b"content-type").partition(";")[0].strip().lower()
    if media_type not in _READERS:
        raise BodyError(
            "unsupported_media_type",
            "Send Content-Type: text/csv or application/x-ndjson.",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    return _READERS[media_type]


def _answer(report: ImportReport) -> ImportAnswer:
    content = ImportContent(
        lines=report.lines,
        added=report.added,
        already=report.already,
        expired=report.expired,
        bad=report.bad,
        errors=[LineError(line.number, line.message) for line in report.problems],
    )
    return ImportAnswer(status=True, content=content)
