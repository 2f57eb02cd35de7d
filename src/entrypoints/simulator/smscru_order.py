"""What a send to smsc.ru asks for, read with that provider's eyes.

The text is not inert there: ``__CALL__`` and its kin at its start change the channel, a call that
says ``code`` is a call from a number that ends in the code, ``{menu:`` in a call is a voice menu,
and the recipient ``G12`` is a whole group of the address book.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from entrypoints.simulator.phones import msisdn
from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.wire import Arrival, ProviderCode, RefusedError

CHARSETS = {"utf-8": "utf-8", "koi8-r": "koi8-r"}
DEFAULT_CHARSET = "windows-1251"
TEXT_MAX = 1_000
PARAMETERS_ERROR = 1
DATE_ERROR = 5
DENIED = 6

_CHANNEL_PREFIXES = ("CALL", "VIBER", "SOC", "PING", "HLR")
_SWITCHES = ("hlr", "ping", "viber", "whatsapp", "tg", "soc", "bot", "mms", "mail", "push")
_NOT_KEPT = {"login", "psw", "apikey", "mes", "list"}
_GROUP = re.compile(r"G[0-9]+")
_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
_ID_MAX = 2_147_483_647
_SENDER = re.compile(r"\+?[0-9]{1,15}|[ -~]{1,11}")
_TIME = re.compile(
    r"0?|[0-9]{10}|[0-9]{2}\.[0-9]{2}\.[0-9]{2} [0-9]{2}:[0-9]{2}"
    r"|[0-9]{1,2}-[0-9]{1,2}|0[0-9]{9,10}|\+[0-9]+"
)
_CHECKS = {
    "valid": re.compile(r"|[1-9]|1[0-9]|2[0-4]|(?!00:00)(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00"),
    "voice": re.compile(r"|[mw][234]?(?:,[a-z]{2})?"),
    "param": re.compile(r"|[0-9]{1,2},(?:[1-9][0-9]{1,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600),[1-9]"),
    "cost": re.compile(r"|[0-3]"),
    "maxsms": re.compile(r"|[0-9]{1,3}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One text and those who are to have it."""

    recipients: tuple[str, ...]
    text: str
    sender: str | None


def read_lines(fields: Mapping[str, str]) -> tuple[Line, ...]:
    """Return what is to be sent, from ``list`` or from ``phones`` and ``mes``.

    Raises:
        RefusedError: something is missing, malformed or too long.
    """
    _check(fields)
    if fields.get("list"):
        lines = tuple(_listed(row, fields) for row in fields["list"].split("\n") if row.strip())
    else:
        sender, text = fields.get("sender"), fields.get("mes", "")
        lines = (Line(recipients=_split(fields.get("phones", "")), text=text, sender=sender),)
    silent = bool(_switched(fields, "hlr") or _switched(fields, "ping"))
    for line in lines:
        if not line.recipients or not (line.text or silent) or len(line.text) > TEXT_MAX:
            raise RefusedError(PARAMETERS_ERROR)
        if line.sender not in (None, "", ".") and not _SENDER.fullmatch(line.sender or ""):
            raise RefusedError(DENIED)
    return lines


def client_id(fields: Mapping[str, str]) -> str | None:
    """Return the id the client chose, or ``None`` when it leaves the choice to the provider.

    Raises:
        RefusedError: it is too long, too large or has other characters.
    """
    written = fields.get("id", "")
    if written in ("", "0"):
        return None
    if not _ID.fullmatch(written) or (written.isdecimal() and int(written) > _ID_MAX):
        raise RefusedError(PARAMETERS_ERROR)
    return written


def channel_of(fields: Mapping[str, str], text: str) -> str:
    """Return the channel this text would really have gone through."""
    start = text.lstrip().upper()
    prefix = next((p for p in _CHANNEL_PREFIXES if start.startswith(f"__{p}__")), None)
    if prefix not in (None, "CALL"):
        return str(prefix).lower()
    if prefix == "CALL" or _switched(fields, "call"):
        return _kind_of_call(text)
    return next((name for name in _SWITCHES if _switched(fields, name)), "sms")


def dialled(written: str) -> str | None:
    """Return whom the provider would reach, or ``None`` for a wrong number.

    Without a plus it corrects what looks like a national number: ``8 701 …`` is ``7 701 …``.
    """
    if _GROUP.fullmatch(written):
        return written
    digits = msisdn(written)
    if digits and not written.startswith("+") and re.fullmatch(r"8[0-9]{10}", digits):
        return f"7{digits[1:]}"
    return digits


def taken(
    fields: Mapping[str, str], arrival: Arrival, line: Line, to: str, message_id: str
) -> SentMessage:
    """Return what goes out to one recipient, cut where ``maxsms`` says so."""
    recipient = dialled(to) or to
    return SentMessage(
        provider=ProviderCode.SMSCRU,
        channel="group" if recipient.startswith("G") else channel_of(fields, line.text),
        recipient=recipient,
        wire_recipient=to,
        text=_cut(line.text, int(fields.get("maxsms") or 0)),
        sender=line.sender or None,
        reference=message_id if fields.get("id") == message_id else None,
        provider_id=message_id,
        sent_at=datetime.now(UTC),
        arrival=arrival.number,
        problems=_problems(fields, line.text),
        parameters={name: value for name, value in fields.items() if name not in _NOT_KEPT},
    )


def _problems(fields: Mapping[str, str], text: str) -> tuple[str, ...]:
    found = {
        "a line of ~~~ is a comment that the recipient never sees": any(
            row.startswith("~~~") for row in text.splitlines()
        ),
        "list: a bar or a line break in a text changes who gets what": bool(fields.get("list")),
        "charset is not utf-8": fields.get("charset", "").lower() != "utf-8",
        "maxsms cut the text": text != _cut(text, int(fields.get("maxsms") or 0)),
    }
    return tuple(problem for problem, holds in found.items() if holds)


def _cut(text: str, segments_max: int) -> str:
    while segments_max and count_segments(text) > segments_max:
        text = text[:-1]
    return text


def _check(fields: Mapping[str, str]) -> None:
    for name, pattern in _CHECKS.items():
        if not pattern.fullmatch(fields.get(name, "")):
            raise RefusedError(PARAMETERS_ERROR)
    if not _TIME.fullmatch(fields.get("time", "")):
        raise RefusedError(DATE_ERROR)


def _listed(row: str, fields: Mapping[str, str]) -> Line:
    head, bar, rest = row.partition("|")
    sender = head.partition(",")[0] if bar else fields.get("sender")
    phones, _, text = (rest if bar else row).partition(":")
    return Line(recipients=_split(phones), text=text.replace("\\n", "\n"), sender=sender)


def _split(phones: str) -> tuple[str, ...]:
    return tuple(phone.strip() for phone in re.split(r"[,;]", phones) if phone.strip())


def _switched(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "") not in ("", "0")


def _kind_of_call(text: str) -> str:
    spoken = re.sub(r"^\s*__CALL__", "", text, flags=re.IGNORECASE)
    if spoken.strip().lower() == "code":
        return "code_call"
    return "ivr" if "{menu:" in spoken.lower() else "call"
