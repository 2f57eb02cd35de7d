"""Callbacks as the providers sign them."""

import json
from dataclasses import dataclass, field
from hashlib import md5, sha1
from urllib.parse import urlencode
from uuid import UUID

from tests.twilio_library import official_signature

PUBLIC_URL = "https://sms.example.kz/habar"
SMSCRU_SECRET, TWILIO_TOKEN, MOBIZON_SECRET = "smsc-phr4se", "tw1lio-t0ken", "m0bizon-s3cret"
ACCOUNT_SID = "AC2b1f0c9d8e7f6a5b4c3d2e1f0a9b8c7d"
FORM = "application/x-www-form-urlencoded"
PHONE = "77011234567"


@dataclass(frozen=True)
class Signed:
    """A request a provider makes."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": FORM})


def smscru(fields: dict[str, str], *covered: str, kind: str = "receipt") -> Signed:
    text = ":".join([*(fields[name] for name in covered), SMSCRU_SECRET])
    digest = md5(text.encode()).hexdigest()  # noqa: S324 - the provider's
    body = urlencode({"md5": digest, **fields}).encode()
    return Signed(f"/callbacks/smscru/{kind}?charset=utf-8", body)


def smscru_receipt(message_id: UUID, status: str = "1", err: str = "0") -> Signed:
    fields = {"id": f"h{message_id.hex}", "phone": PHONE, "status": status, "err": err}
    return smscru(fields, "id", "phone", "status")


def smscru_text(text: str) -> Signed:
    fields = {"phone": PHONE, "mes": text, "to": "79990001122", "ts": "1792326852"}
    return smscru(fields, "phone", "mes", "to", kind="inbound")


def twilio(
    path: str, fields: dict[str, str], *, base: str = PUBLIC_URL, token: str = TWILIO_TOKEN
) -> Signed:
    every = {"AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01", **fields}
    signature = official_signature(token, f"{base}{path}", every)
    headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
    return Signed(path, urlencode(every).encode(), headers)


def twilio_receipt(message_id: UUID, status: str = "delivered", **more: str) -> Signed:
    fields = {"MessageSid": f"SM{message_id.hex}", "MessageStatus": status, "To": f"+{PHONE}"}
    return twilio(f"/callbacks/twilio/receipt?ref={message_id.hex}", fields | more)


def twilio_call(message_id: UUID, status: str, **more: str) -> Signed:
    fields = {"CallSid": f"CA{message_id.hex}", "CallStatus": status, "To": f"+{PHONE}"}
    return twilio(f"/callbacks/twilio/receipt?ref={message_id.hex}", fields | more)


def twilio_text(text: str, sid: str = f"SM{'0' * 31}1") -> Signed:
    fields = {"MessageSid": sid, "From": f"+{PHONE}", "To": "+15005550006", "Body": text}
    return twilio("/callbacks/twilio/inbound", {**fields, "SmsStatus": "received", "FromCity": ""})


def mobizonkz_receipt(provider_id: int, status: str = "DELIVRD") -> Signed:
    head = {"eventId": 7001, "attempt": 1, "eventCreateTs": "2026-03-02 09:15:00"}
    text = "|".join([*map(str, head.values()), MOBIZON_SECRET])
    event = {
        **head,
        "eventType": "sms-delivery-report",
        "sign": sha1(text.encode()).hexdigest(),  # noqa: S324 - the provider's
        "data": {"messageId": provider_id, "status": status, "to": PHONE},
    }
    body = json.dumps(event).encode()
    return Signed("/callbacks/mobizonkz/receipt", body, {"Content-Type": "application/json"})
