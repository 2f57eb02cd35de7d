"""What a send to Mobizon asks for, and what is wrong with it."""

import itertools
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from entrypoints.simulator.phones import msisdn
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.wire import Arrival, ProviderCode, RefusedError

INVALID = 1

_NAME_MAX = 255
_VALIDITY_MIN = range(60, 1_441)
_SHARED_SENDER = "MOBINFO"
_SENDER = re.compile(r"[A-Za-z0-9 ._-]{1,11}|[0-9]{1,15}")
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_DEFERRED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")

_ids = itertools.count(secrets.randbelow(10**8) + 10**8)


def check(fields: Mapping[str, str]) -> None:
    """Refuse a send with fields at fault, naming each of them.

    Raises:
        RefusedError: with code 1.
    """
    recipient = fields.get("recipient", "")
    wrong = {
        "recipient": not _NUMBER.fullmatch(recipient) or msisdn(recipient) is None,
        "text": not fields.get("text"),
        "from": bool(fields.get("from")) and not _SENDER.fullmatch(fields["from"]),
        "params": not _good_params(fields),
    }
    if any(wrong.values()):
        about = {name: f"Неверное значение: {name}" for name, holds in wrong.items() if holds}
        raise RefusedError(INVALID, about=about)


def taken(
    fields: Mapping[str, str], arrival: Arrival, senders: frozenset[str] | None
) -> SentMessage:
    """Return the message under new ids, and its campaign's among the parameters."""
    sender = fields.get("from") or None
    replaced = senders is not None and sender is not None and sender not in senders
    kept = {k: v for k, v in fields.items() if k.lower() != "apikey" and k != "text"}
    return SentMessage(
        provider=ProviderCode.MOBIZONKZ,
        channel="sms",
        recipient=msisdn(fields["recipient"]) or fields["recipient"],
        wire_recipient=fields["recipient"],
        text=fields["text"],
        sender=_SHARED_SENDER if replaced else sender,
        reference=fields.get("params[name]") or None,
        provider_id=str(next(_ids)),
        sent_at=datetime.now(UTC),
        arrival=arrival.number,
        problems=(f"{sender} is not registered: {_SHARED_SENDER} was used",) if replaced else (),
        parameters=kept | {"campaignId": str(next(_ids))},
    )


def _good_params(fields: Mapping[str, str]) -> bool:
    validity = fields.get("params[validity]", "60")
    deferred = fields.get("params[deferredToTs]")
    return (
        len(fields.get("params[name]", "")) <= _NAME_MAX
        and re.fullmatch(r"[0-9]{1,4}", validity) is not None
        and int(validity) in _VALIDITY_MIN
        and (deferred is None or _DEFERRED.fullmatch(deferred) is not None)
    )
