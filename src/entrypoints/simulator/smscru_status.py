"""What ``status.php`` says: of one message an object, of several an array."""

from collections.abc import Mapping
from datetime import timedelta, timezone

from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.sent_log import SentLog, SentMessage
from entrypoints.simulator.smscru_answers import bare
from entrypoints.simulator.smscru_order import PARAMETERS_ERROR
from entrypoints.simulator.states import StateBoard
from entrypoints.simulator.wire import ProviderCode, RefusedError

_MOSCOW = timezone(timedelta(hours=3))
_DELIVERED = 1
_NOT_FOUND = -3
_CALL_TYPE = 7
_NAMES = {-1: "Ожидает отправки", 0: "Передано оператору", 1: "Доставлено", 3: "Просрочено"}
_ON_ITS_WAY = {-2, -1, 0, 1}


def read_status(
    fields: Mapping[str, str], sent: SentLog, states: StateBoard
) -> dict[str, object] | list[dict[str, object]]:
    """Look the pairs of phone and id up.

    Raises:
        RefusedError: one of the two lists is missing or shorter than the other.
    """
    phones, ids = fields.get("phone", ""), fields.get("id", "")
    several = "," in phones or "," in ids
    pairs = list(zip(_split(phones), _split(ids), strict=False))
    if not pairs or len(_split(phones)) != len(_split(ids)):
        raise RefusedError(PARAMETERS_ERROR)
    detail = fields.get("all", "")
    answers = [_one(phone, message_id, detail, sent, states) for phone, message_id in pairs]
    if not several:
        return answers[0]
    return [
        answer
        | {"id": bare(message_id)}
        | ({} if detail in ("1", "2") else {"phone": phone.removeprefix("+")})
        for answer, (phone, message_id) in zip(answers, pairs, strict=True)
    ]


def _one(
    phone: str, message_id: str, detail: str, sent: SentLog, states: StateBoard
) -> dict[str, object]:
    found = sent.find(provider=ProviderCode.SMSCRU, provider_id=message_id, phone=phone)
    state = states.look(found[-1]) if found else None
    if state is None:
        return {"status": _NOT_FOUND, "last_date": "", "last_timestamp": 0}
    status = _DELIVERED if state.status is None else int(state.status)
    answer = _short(found[-1], status, state.error_code)
    if detail in ("1", "2"):
        answer |= _full(found[-1], status)
    if detail == "2":
        answer |= _origin()
    return answer


def _short(message: SentMessage, status: int, error_code: int) -> dict[str, object]:
    at = message.sent_at.astimezone(_MOSCOW)
    answer: dict[str, object] = {
        "status": status,
        "last_date": f"{at:%d.%m.%Y %H:%M:%S}",
        "last_timestamp": int(at.timestamp()),
    }
    # Recorded answers of messages that are well leave these two out.
    if error_code or status not in _ON_ITS_WAY:
        answer["flag"] = _type(message)
        answer["err"] = error_code
    return answer


def _full(message: SentMessage, status: int) -> dict[str, object]:
    at = message.sent_at.astimezone(_MOSCOW)
    return {
        "send_date": f"{at:%d.%m.%Y %H:%M:%S}",
        "send_timestamp": int(at.timestamp()),
        "phone": message.recipient,
        "cost": "3.80",
        "sender_id": message.sender or "",
        "status_name": _NAMES.get(status, "Невозможно доставить"),
        "message": message.text,
        "comment": "",
        "type": _type(message),
        "sms_cnt": count_segments(message.text),
    }


def _origin() -> dict[str, object]:
    return {
        "country": "Россия",
        "operator": "Билайн",
        "operator_orig": "Билайн",
        "region": "Москва",
        "mccmnc": "25001",
    }


def _type(message: SentMessage) -> int:
    return _CALL_TYPE if message.channel.endswith("call") else 0


def _split(written: str) -> list[str]:
    return [item.strip() for item in written.split(",") if item.strip()]
