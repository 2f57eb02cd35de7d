"""What Mobizon answers, read.

Every answer is ``{"code", "data", "message"}``. What ``data`` holds differs by method, and numbers
in it are mostly strings.

Source: docs/providers/mobizonkz.md.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec

from adapters.exchange import Answer
from adapters.providers.mobizonkz_codes import (
    BY_FIELD,
    MEANINGS,
    NAMING_FIELDS,
    STATES,
    WRONG_HOST,
)
from adapters.retry_after import retry_after_s
from adapters.verdicts import printable, without_verdict
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
)

PAGE_SIZE = 100
_SAID_LENGTH, _WORD_LENGTH, _AMOUNT_DIGITS = 200, 64, 18
_T = TypeVar("_T")

_Code = Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)]
Id = (
    Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    | Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z_-]{1,64}\Z")]
)


class _Reply(msgspec.Struct):
    code: _Code
    data: msgspec.Raw = msgspec.Raw(b"null")
    message: str | None = None


class _Sent(msgspec.Struct, rename="camel"):
    message_id: Id


class _Campaign(msgspec.Struct, rename="camel"):
    name: str | None = None
    create_ts: str | None = None


class _Item(msgspec.Struct, rename="camel"):
    id: Id
    status: str | None = None
    to: int | str | None = None
    text: str | None = None
    start_send_ts: str | None = None
    campaign: _Campaign | None = None


class _Page(msgspec.Struct):
    items: list[_Item]


class _Funds(msgspec.Struct):
    balance: Decimal
    currency: str | None = None


# Not strict: a code may be a numeric string.
_REPLY = msgspec.json.Decoder(_Reply, strict=False)
_SENT = msgspec.json.Decoder(_Sent)
_STATUSES = msgspec.json.Decoder(list[_Item])
_MESSAGES = msgspec.json.Decoder(_Page)
_FUNDS = msgspec.json.Decoder(_Funds)
_ANYTHING: msgspec.json.Decoder[object] = msgspec.json.Decoder(object)


def read_outcome(response: Answer) -> SubmitOutcome:
    """Tell what a submission came to."""
    reply = decoded(_REPLY, response.content)
    if reply is None:
        return without_verdict(response, _seen(response, None))
    means, code, text = _meaning(reply), str(reply.code), _seen(response, reply)
    if isinstance(means, UnavailableKind):
        wait_s = retry_after_s(response)
        return Unavailable(kind=means, retry_after_s=wait_s, provider_code=code, text=text)
    if isinstance(means, RejectReason):
        return Rejected(reason=means, provider_code=code, text=text)
    sent = decoded(_SENT, reply.data) if reply.code == 0 and response.is_success else None
    return Accepted(str(sent.message_id)) if sent else without_verdict(response, text, code)


def read_states(answer: Answer, ids: Sequence[str]) -> Sequence[Lookup]:
    """Tell what Mobizon says of the messages it was asked about by its ids, in their order."""
    items = _data(answer, _STATUSES)
    if isinstance(items, NoAnswer):
        return [items for _ in ids]
    known = {str(item.id): _found(item) for item in items}
    return [known.get(id_, NotFound()) for id_ in ids]


def read_search(answer: Answer, attempt: Attempt, since: str) -> Lookup:
    """Look through the newest messages to a number for the one an attempt made.

    Args:
        answer: a page of at most ``PAGE_SIZE``.
        attempt: what is looked for.
        since: what was made earlier is not it.
    """
    page = _data(answer, _MESSAGES)
    return page if isinstance(page, NoAnswer) else _matching(page.items, attempt, since)


def read_balance(answer: Answer) -> Balance | NoAnswer:
    """Tell how much money is left."""
    funds = _data(answer, _FUNDS)
    if isinstance(funds, NoAnswer):
        return funds
    amount = funds.balance
    # Decimal reads 1e999999 too, which nobody could write out.
    if not amount.is_finite() or abs(amount.adjusted()) > _AMOUNT_DIGITS:
        return NoAnswer("no amount of money")
    return Balance(amount, printable(funds.currency) or None)


def state_of(said: str | None) -> tuple[MessageStatus, str | None]:
    """Tell our state for Mobizon's word, and the word as a history may hold it."""
    word = printable(said)[:_WORD_LENGTH]
    return STATES.get(word, MessageStatus.SUBMITTED), word or None


def decoded(decoder: msgspec.json.Decoder[_T], body: bytes | msgspec.Raw) -> _T | None:
    """Read JSON; ``None`` where it is not what is expected."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _data(answer: Answer, decoder: msgspec.json.Decoder[_T]) -> _T | NoAnswer:
    reply = decoded(_REPLY, answer.content)
    done = reply is not None and reply.code == 0 and answer.is_success
    data = decoded(decoder, reply.data) if reply is not None and done else None
    return NoAnswer(_seen(answer, reply), retry_after_s(answer)) if data is None else data


def _meaning(reply: _Reply) -> RejectReason | UnavailableKind | None:
    if reply.code in NAMING_FIELDS:
        data = decoded(_ANYTHING, reply.data)
        for entry in data if isinstance(data, list) else [data]:
            for name, reason in BY_FIELD.items():
                if isinstance(entry, dict) and name in entry:
                    return reason
    return MEANINGS.get(reply.code)


def _seen(response: Answer, reply: _Reply | None) -> str:
    if reply is None:
        return f"HTTP {response.status_code}, unreadable"
    if reply.code == WRONG_HOST:
        host = bytes(reply.data)[:_SAID_LENGTH].decode(errors="replace")
        return f"the account belongs to another API host: {printable(host)}"
    return printable(reply.message) or f"HTTP {response.status_code}, code {reply.code}"


def _matching(items: list[_Item], attempt: Attempt, since: str) -> Lookup:
    reference = attempt.message.id.hex
    ours = [item for item in items if item.campaign and item.campaign.name == reference]
    ours += [item for item in items if _looks_like(item, attempt, since)]
    if ours:
        return _found(ours[0])
    if len(items) >= PAGE_SIZE:
        return NoAnswer(f"not among the newest {PAGE_SIZE} messages to this number")
    return NotFound()


def _looks_like(item: _Item, attempt: Attempt, since: str) -> bool:
    """Compare what is left to compare where the campaign's name did not come back."""
    campaign = item.campaign or _Campaign()
    created = campaign.create_ts or item.start_send_ts or since
    return (
        not campaign.name
        and str(item.id) not in attempt.taken_ids
        and str(item.to).removeprefix("+") == attempt.message.recipient.msisdn
        and item.text == attempt.message.text
        and created >= since
    )


def _found(item: _Item) -> Found:
    status, word = state_of(item.status)
    return Found(status=status, provider_id=str(item.id), provider_code=word)
