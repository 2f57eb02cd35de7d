"""``POST /sms`` and ``POST /call``: one body, one answer.

``answer`` is all there is to both; it is called from two doors, a Litestar handler and the
shortcut in front of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from uuid import UUID

import msgspec

from application.replays import Replays
from application.send_command import SendCommand
from application.send_report import NOT_STORED, STOPPING, SendReport
from application.slices import SLICE
from domain.caller import Caller
from domain.errors import DomainError, KeyReusedError
from domain.idempotency import IdempotencyKey
from domain.terms import OnUnknown, Priority
from entrypoints.http.bodies import SEND, SendBody, check_headers, decode
from entrypoints.http.headers import Preferences, preferences
from entrypoints.http.incoming import Incoming
from entrypoints.http.message_view import MessageRow, message_row
from entrypoints.http.once import once, stored
from entrypoints.http.replies import OK, Reply, encode
from entrypoints.http.times import read_time

UseCase = Callable[[SendCommand], Awaitable[SendReport]]
_UNWRITTEN = (NOT_STORED, STOPPING)
_SENTENCES = {
    "blacklisted": "Every phone is on the blacklist; nothing was sent.",
    "unconfirmed": "The provider's answer was lost: it may have been sent. Do not send it again.",
    "expired": "Its time was over before it could be sent.",
    "not_sent": "The service stopped before it was sent; it never will be. Send it with a new key.",
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


async def answer(use_case: UseCase, replays: Replays, request: Incoming) -> Reply:
    """Serve one request.

    Raises:
        BodyError, DomainError, StorageUnavailableError: see ``errors.REPLIES``.
    """
    check_headers(request.headers)
    wanted = decode(request.body, SEND)
    wishes = preferences(request.headers)
    key = None if wanted.dry_run else request.key
    command = _command(wanted, wishes, key, request.caller)
    if key is None:
        return await _reply(await use_case(command), wishes, dry_run=wanted.dry_run)

    async def serve() -> Reply:
        async with replays.kept(key):
            reply = await _reply(await use_case(command), wishes)
        await replays.finish(key, stored(reply))
        return reply

    async def retell(request_id: UUID) -> Reply:
        plan = await _plan(use_case, command)
        return await _reply(await replays.retold(request_id, plan), wishes)

    return await once(replays, key, serve, retell)


def _command(
    body: SendBody, wishes: Preferences, key: IdempotencyKey | None, caller: Caller
) -> SendCommand:
    return SendCommand(
        phones=body.phone_list,
        text=body.message,
        provider=body.provider,
        force=body.force,
        sender=body.sender,
        reference=body.reference,
        dry_run=body.dry_run,
        background=wishes.background,
        send_at=read_time("send_at", body.send_at),
        delay_s=body.delay,
        ttl_s=body.ttl,
        priority=Priority[(body.priority or "transactional").upper()],
        fallback=body.fallback_list,
        on_unknown=OnUnknown(body.on_unknown or "hold"),
        callback_url=body.callback_url,
        key=key,
        account=caller.account,
        by=caller,
    )


async def _plan(use_case: UseCase, command: SendCommand) -> SendReport:
    """Find out once more who was to get it; the terms it was sent under do not matter to that."""
    try:
        return await use_case(
            SendCommand(
                phones=command.phones,
                text=command.text,
                provider=command.provider,
                force=True,
                dry_run=True,
            )
        )
    except DomainError:
        # Not 400, which would say that nothing was sent: the settings are others by now.
        raise KeyReusedError(
            "The first request with this Idempotency-Key was cut short, and cannot be answered with"
            " today's settings. Look its messages up before you send them with a new key."
        ) from None


async def _reply(report: SendReport, wishes: Preferences, *, dry_run: bool = False) -> Reply:
    extra = {} if dry_run else {"Location": f"/requests/{report.request.id}"}
    applied = Preferences(wishes.representation) if dry_run else wishes
    if applied.applied:
        extra["Preference-Applied"] = applied.applied
    code = report.failure_code
    later = report.request.background and code is None and not dry_run
    status = HTTPStatus.ACCEPTED if later else HTTPStatus.OK
    if code is None and not (dry_run or wishes.representation):
        return Reply(OK.body, status, extra)
    return Reply(encode(await _detailed(report, code, kept=not dry_run)), status, extra)


async def _detailed(report: SendReport, code: str | None, *, kept: bool) -> SendAnswer:
    segments = report.segments.count
    rows: list[MessageRow] = []
    for index, message in enumerate(report.messages, 1):
        written = kept and message.failure not in _UNWRITTEN
        rows.append(message_row(message, segments, stored=written))
        if index % SLICE == 0:
            await asyncio.sleep(0)
    return SendAnswer(
        status=code is None,
        status_code=code,
        message=None if code is None else _SENTENCES.get(code, _REFUSED),
        content=SendContent(str(report.request.id) if kept else None, rows),
    )
