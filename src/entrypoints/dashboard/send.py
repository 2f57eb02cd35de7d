"""Trying a message or a call."""

import re
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from application.place_call import PlaceCall
from application.replays import Replays
from application.search import Search
from application.send_command import SendCommand
from application.send_report import SendReport
from application.send_sms import SendSms
from domain.errors import DomainError
from domain.idempotency import IdempotencyKey
from domain.message import Channel
from domain.segments import Encoding, count_segments, encoding_of
from entrypoints.dashboard.errors import told
from entrypoints.dashboard.forms import CSRF, posted
from entrypoints.dashboard.messages import MESSAGES
from entrypoints.dashboard.pages import page, see
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.incoming import caller_of
from entrypoints.http.once import once, stored
from entrypoints.http.replies import HttpRequest, Reply

SEND = f"{ROOT}/send"
_ACCOUNT = "dashboard"
_BETWEEN = re.compile(r"[\n,;]+")


class _Count(msgspec.Struct, frozen=True):
    """How a text travels.

    ``pieces``: the text, and whether each piece of it is what makes it UCS-2.
    """

    encoding: str
    segments: int
    left: int
    pieces: list[tuple[str, bool]]


@get(SEND)
async def get_send(
    request: HttpRequest, search: NamedDependency[Search], form: FromQuery[str] = ""
) -> Response[Any]:
    """Show an empty form, whose name stands in its address: who goes back finds the same one."""
    if not form:
        return see(f"{SEND}?form={uuid4()}")
    return _form(request, search, {"form": form})


@post(f"{SEND}/count", status_code=HTTPStatus.OK)
async def post_count(request: HttpRequest) -> Response[str]:
    """Count what is being typed; nothing is sent, and nothing is kept."""
    text = (await posted(request)).get("message", "")
    return page(request, "count.html", count=_count(text))


@post(SEND, status_code=HTTPStatus.SEE_OTHER)
async def post_send(
    request: HttpRequest,
    search: NamedDependency[Search],
    send_sms: NamedDependency[SendSms],
    place_call: NamedDependency[PlaceCall],
    replays: NamedDependency[Replays],
) -> Response[Any]:
    """Send what the form says, once, however often the form comes; then show what becomes of it."""
    form = await posted(request)
    use_case = place_call if form.get("channel") == Channel.CALL else send_sms
    try:
        if "check" in form:
            report = await use_case(_command(form, request, dry_run=True))
            return _form(request, search, form, report=report)
        key = _key(form)
        command = _command(form, request, key=key)

        async def serve() -> Reply:
            async with replays.kept(key):
                reply = _leading_to(await use_case(command))
            await replays.finish(key, stored(reply))
            return reply

        async def retell(request_id: UUID) -> Reply:
            return _to(f"{MESSAGES}?find={request_id}")

        reply = await once(replays, key, serve, retell)
    except DomainError as error:
        return _form(request, search, form, error=error)
    return see(reply.headers["Location"])


def _command(
    form: Mapping[str, str],
    request: HttpRequest,
    *,
    dry_run: bool = False,
    key: IdempotencyKey | None = None,
) -> SendCommand:
    phones = [part.strip() for part in _BETWEEN.split(form.get("phones", "")) if part.strip()]
    return SendCommand(
        phones=phones,
        text=form.get("message", ""),
        provider=form.get("provider") or None,
        sender=form.get("sender", "").strip() or None,
        reference=form.get("reference", "").strip() or None,
        force="force" in form,
        dry_run=dry_run,
        background=True,
        key=key,
        by=caller_of(request.scope),
    )


def _key(form: Mapping[str, str]) -> IdempotencyKey:
    """Name what is sent: the same form with the same words in it is the same message."""
    fields = sorted((name, value) for name, value in form.items() if name != CSRF)
    fingerprint = sha256(msgspec.json.encode(fields)).digest()
    return IdempotencyKey(_ACCOUNT, fingerprint.hex(), fingerprint)


def _leading_to(report: SendReport) -> Reply:
    if len(report.messages) == 1:
        return _to(f"{MESSAGES}/{report.messages[0].id}")
    return _to(f"{MESSAGES}?find={report.request.id}")


def _to(address: str) -> Reply:
    return Reply(b"", HTTPStatus.SEE_OTHER, {"Location": address})


def _form(
    request: HttpRequest,
    search: Search,
    form: Mapping[str, str],
    *,
    report: SendReport | None = None,
    error: DomainError | None = None,
) -> Response[str]:
    status, problem = (HTTPStatus.OK, "") if error is None else told(error)
    return page(
        request,
        "send.html",
        status=status,
        form=form,
        name=form.get("form") or str(uuid4()),
        providers=search.providers,
        problem=problem,
        problems=() if error is None else error.problems,
        report=report,
        count=_count(form.get("message", "")),
    )


def _count(text: str) -> _Count:
    found = count_segments(text)
    encoding = found.encoding
    room = encoding.alone if found.count == 1 else encoding.joined * found.count
    return _Count(str(encoding).upper(), found.count, room - found.units, list(_pieces(text)))


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Cut a text where it changes between the alphabets; only UCS-2 has something to mark."""
    if encoding_of(text) is Encoding.GSM7:
        return []
    pieces: list[tuple[str, bool]] = []
    for character in text:
        foreign = encoding_of(character) is Encoding.UCS2
        if pieces and pieces[-1][1] is foreign:
            pieces[-1] = (pieces[-1][0] + character, foreign)
        else:
            pieces.append((character, foreign))
    return pieces
