"""The blacklist as a file, in and out."""

from functools import partial
from http import HTTPStatus
from typing import Any, BinaryIO, cast

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.response import Stream

from application.blacklist_import import ImportBlacklist, ImportReport
from application.blacklist_reading import ReadBlacklist
from domain.errors import FieldProblem, InvalidImportError
from entrypoints.dashboard.pages import page
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.blacklist_csv import read_csv
from entrypoints.http.blacklist_entries import exported
from entrypoints.http.blacklist_ndjson import read_ndjson
from entrypoints.http.blacklist_upload import MAX_IMPORT_BYTES
from entrypoints.http.incoming import caller_of
from entrypoints.http.replies import HttpRequest

IMPORT = f"{ROOT}/blacklist/import"
EXPORT = f"{ROOT}/blacklist/export"
_SHOWN = 100
_JSON = (".ndjson", ".jsonl", ".json")


@get(IMPORT)
async def get_import(request: HttpRequest) -> Response[str]:
    """Show an empty form."""
    return _form(request)


@post(IMPORT, status_code=HTTPStatus.OK, request_max_body_size=MAX_IMPORT_BYTES)
async def post_import(
    request: HttpRequest, import_blacklist: NamedDependency[ImportBlacklist]
) -> Response[str]:
    """Check a list, or put it on the blacklist; bad lines are shown, and nothing is done then."""
    form = await request.form()
    upload = form.get("list")
    if not isinstance(upload, UploadFile) or not upload.filename:
        return _form(request, problem="Choose a file first.")
    read = read_ndjson if upload.filename.lower().endswith(_JSON) else read_csv
    check = "check" in form
    try:
        report = await import_blacklist(
            partial(read, cast("BinaryIO", upload.file)),
            by=caller_of(request.scope),
            dry_run=check,
            keep_good="keep_good" in form,
        )
    except InvalidImportError as error:
        problem = error.message.partition(";")[0]
        return _form(
            request,
            problem=f"{problem}. Nothing was imported.",
            problems=error.problems[:_SHOWN],
            checked=check,
        )
    return _form(request, report=report, checked=check)


@get(EXPORT)
async def get_export(read_blacklist: NamedDependency[ReadBlacklist]) -> Stream:
    """Return the whole blacklist as CSV, the oldest entry first."""
    return await exported(read_blacklist, "csv")


def _form(
    request: HttpRequest,
    *,
    report: ImportReport | None = None,
    problem: str = "",
    problems: tuple[FieldProblem, ...] = (),
    checked: bool = False,
) -> Response[Any]:
    return page(
        request,
        "blacklist_import.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        report=report,
        problem=problem,
        problems=problems,
        checked=checked,
    )
