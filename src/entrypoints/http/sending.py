"""``POST /sms`` and ``POST /call``: one body, one answer.

``answer`` is all there is to both; it is called from two doors, a Litestar handler and the
shortcut in front of it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from application.send_command import SendCommand
from application.send_report import NOT_STORED, SendReport
from application.submission import SLICE
from entrypoints.http.bodies import SEND, SendBody, check_headers, decode
from entrypoints.http.headers import REPRESENTATION, RawHeaders, wants_representation
from entrypoints.http.message_view import MessageRow, message_row
from entrypoints.http.replies import OK, Reply, encode

UseCase = Callable[[SendCommand], Awaitable[SendReport]]
_SENTENCES = {
    "blacklisted": "Every phone is on the blacklist; nothing was sent.",
    "unconfirmed": "The provider's answer was lost: it may have been sent. Do not send it again.",
    "not_all_accepted": "Not every message was accepted; content.messages says which and why.",
}
_REFUSED = "The provider did not accept it; content.messages says why."


class SendContent(msgspec.Struct, frozen=True):
    """What became of a request, recipient by recipient."""

    request_id: str | None
    messages: list[MessageRow]


class SendAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The verdict; the rest only where it is false, or where it was asked for."""

    status: bool
    status_code: str | None = None
    message: str | None = None
    content: SendContent | None = None


async def answer(use_case: UseCase, body: bytes, headers: RawHeaders) -> Reply:
    """Serve one request.

    Raises:
        BodyError, DomainError, StorageUnavailableError: see ``errors.REPLIES``.
    """
    check_headers(headers)
    wanted = decode(body, SEND)
    report = await use_case(_command(wanted))
    extra = {} if wanted.dry_run else {"Location": f"/requests/{report.request.id}"}
    detailed = wanted.dry_run
    if wants_representation(headers):
        extra["Preference-Applied"] = REPRESENTATION
        detailed = True
    code = report.failure_code
    if code is None and not detailed:
        return Reply(OK.body, headers=extra)
    detail = await _detailed(report, code, stored=not wanted.dry_run)
    return Reply(encode(detail), headers=extra)


def _command(body: SendBody) -> SendCommand:
    return SendCommand(
        phones=body.phone_list,
        text=body.message,
        provider=body.provider,
        force=body.force,
        sender=body.sender,
        reference=body.reference,
        dry_run=body.dry_run,
    )


async def _detailed(report: SendReport, code: str | None, *, stored: bool) -> SendAnswer:
    segments = report.segments.count
    rows: list[MessageRow] = []
    for index, message in enumerate(report.messages, 1):
        kept = stored and message.failure is not NOT_STORED
        rows.append(message_row(message, segments, stored=kept))
        if index % SLICE == 0:
            await asyncio.sleep(0)
    return SendAnswer(
        status=code is None,
        status_code=code,
        message=None if code is None else _SENTENCES.get(code, _REFUSED),
        content=SendContent(str(report.request.id) if stored else None, rows),
    )
