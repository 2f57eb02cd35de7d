"""How smsc.ru writes its answers: JSON with one key a line, or a line of text."""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.smscru_order import (
    CHARSETS,
    DEFAULT_CHARSET,
    Line,
    channel_of,
    dialled,
)
from entrypoints.simulator.wire import Reply

BALANCE = "282.75"

_PRICE = Decimal("3.80")
_NUMERIC_ID = re.compile(r"[1-9][0-9]{0,9}")
_JSON = "3"
_NUMBERS = "1"
_SECONDS_A_LETTER = 0.08
_SHORTEST_CALL_S = 5


def written(fields: Mapping[str, str], answer: object) -> Reply:
    """Write a good answer in the format and charset asked for."""
    kind = fields.get("fmt") or "0"
    if kind == _JSON:
        text = _laid_out(answer)
    elif not isinstance(answer, dict):
        text = str(answer)
    elif "id" not in answer:
        text = ",".join(str(value) for value in answer.values())
    elif kind == _NUMBERS:
        text = ",".join(
            str(answer[key]) for key in ("id", "cnt", "cost", "balance") if key in answer
        )
    else:
        text = f"OK - {answer['cnt']} SMS, ID - {answer['id']}"
    return _reply(text, kind, fields.get("charset", ""))


def refused(kind: str, code: int, words: str, message_id: str) -> Reply:
    """Write a refusal; ``message_id`` is empty when it carries none."""
    if kind == _JSON:
        answer: dict[str, object] = {"error": words, "error_code": code}
        return _reply(_laid_out(answer | ({"id": bare(message_id)} if message_id else {})), kind)
    if kind == _NUMBERS:
        return _reply(f"{message_id or 0},-{code}", kind)
    return _reply(f"ERROR = {code} ({words}){f', ID - {message_id}' if message_id else ''}", kind)


def bare(message_id: str) -> int | str:
    """Return a numeric id as a number: only the others are quoted."""
    return int(message_id) if _NUMERIC_ID.fullmatch(message_id) else message_id


def receipt(
    fields: Mapping[str, str], reached: Iterable[tuple[Line, str]], message_id: str
) -> dict[str, object]:
    """Return what a send is answered with: id, count and, where asked for, the money."""
    counts = [_count(fields, line.text) for line, _ in reached]
    price, mode = str(_PRICE * sum(counts)), fields.get("cost")
    if mode == "1":
        return {"cost": price, "cnt": sum(counts)}
    answer: dict[str, object] = {"id": bare(message_id), "cnt": sum(counts)}
    if mode in ("2", "3"):
        answer["cost"] = price
    if mode == "3":
        answer["balance"] = BALANCE
    return answer


def rows(fields: Mapping[str, str], lines: Iterable[Line]) -> list[dict[str, str]]:
    """Return the row of each number with ``op=1``, of each wrong one with ``err=1``."""
    return [
        _good_row(number) if number else _bad_row(recipient)
        for line in lines
        for recipient in line.recipients
        if (number := dialled(recipient)) is None or fields.get("op") == "1"
    ]


def _good_row(number: str) -> dict[str, str]:
    return {"phone": number, "mccmnc": "25001", "cost": str(_PRICE)}


def _bad_row(recipient: str) -> dict[str, str]:
    phone = recipient.removeprefix("+")
    return {"phone": phone, "mccmnc": "0", "cost": "0", "status": "22", "error": "249"}


def _count(fields: Mapping[str, str], text: str) -> int:
    if channel_of(fields, text) in ("call", "ivr", "code_call"):
        return max(_SHORTEST_CALL_S, round(len(text) * _SECONDS_A_LETTER))
    return count_segments(text)


def _laid_out(answer: object) -> str:
    if not isinstance(answer, dict):
        return json.dumps(answer, ensure_ascii=False)
    lines = (f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in answer.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _reply(text: str, kind: str, charset: str = "") -> Reply:
    media = "application/json" if kind == _JSON else "text/plain"
    body = text.encode(CHARSETS.get(charset.lower(), DEFAULT_CHARSET), "replace")
    return Reply(body=body, content_type=f"{media}; charset={DEFAULT_CHARSET}")
