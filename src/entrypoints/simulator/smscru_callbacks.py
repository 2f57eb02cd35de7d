"""What smsc.ru posts to the one handler of an account, receipts and inbound messages alike.

The handler's own URL says how: ``charset=`` which letters (windows-1251 otherwise), ``sha1``
which checksum (MD5 otherwise). A repetition is posted for every answer that is not a 2xx.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs, urlencode, urlsplit

from entrypoints.simulator.accounts import SmscruAccount
from entrypoints.simulator.callbacks import FORM, Callback, CallbackKind, Post, Retries
from entrypoints.simulator.gateway import Addresses
from entrypoints.simulator.inbound import Inbound
from entrypoints.simulator.phones import plain
from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.signatures import smscru_checksum
from entrypoints.simulator.smscru_order import CHARSETS, DEFAULT_CHARSET
from entrypoints.simulator.states import State
from entrypoints.simulator.wire import ProviderCode

_MOSCOW = timezone(timedelta(hours=3))
_HANDED_OVER, _DELIVERED = 0, 1
_CALL_TYPE = "7"
_RETRIES = Retries(posts_max=5)


class SmscruTeller:
    """Writes the callbacks of one account."""

    def __init__(self, account: SmscruAccount, addresses: Addresses) -> None:
        self._account = account
        self._addresses = addresses

    def receipts(self, message: SentMessage, state: State) -> Sequence[Callback]:
        """Tell that it was handed over, then its final state; see ``Teller``."""
        url = self._addresses.handler(self._account.handler)
        status = _DELIVERED if state.status is None else int(state.status)
        if url is None or status < _HANDED_OVER:
            return ()
        words = [_HANDED_OVER] if status == _HANDED_OVER else [_HANDED_OVER, status]
        return [
            self._receipt(url, message, word, state.error_code if word == status else 0)
            for word in words
        ]

    def inbound(self, inbound: Inbound) -> Callback | None:
        """Tell sender, text and receiver; see ``Teller``."""
        url = self._addresses.handler(self._account.handler)
        if url is None:
            return None
        phone = plain(inbound.phone)
        message_id = inbound.id or str(secrets.randbelow(2**30) + 1)
        fields = {
            "id": message_id,
            "phone": phone,
            "mes": inbound.text,
            "to": plain(inbound.to),
            **_time(),
        }
        post = self._signed(url, fields, ("phone", "mes", "to"))
        return Callback(
            provider=ProviderCode.SMSCRU,
            kind=CallbackKind.INBOUND,
            url=url,
            word="",
            phone=phone,
            provider_id=message_id,
            retries=_RETRIES,
            write=lambda _: post,
        )

    def _receipt(self, url: str, message: SentMessage, status: int, error: int) -> Callback:
        def write(_: int) -> Post:
            fields = {
                "id": message.provider_id or "",
                "phone": message.recipient,
                "status": str(status),
                **_time(),
                "err": str(error),
                "type": _CALL_TYPE if message.channel.endswith("call") else "0",
                "cnt": str(count_segments(message.text)),
                "cost": "3.80",
                "sender_id": message.sender or "",
            }
            return self._signed(url, fields, ("id", "phone", "status"))

        return Callback(
            provider=ProviderCode.SMSCRU,
            kind=CallbackKind.RECEIPT,
            url=url,
            word=str(status),
            phone=message.recipient,
            reference=message.reference,
            provider_id=message.provider_id,
            retries=_RETRIES,
            write=write,
        )

    def _signed(self, url: str, fields: Mapping[str, str], covered: Sequence[str]) -> Post:
        options = parse_qs(urlsplit(url).query, keep_blank_values=True)
        asked = options.get("charset", [""])[-1].lower()
        charset = CHARSETS.get(asked, DEFAULT_CHARSET)
        name = "sha1" if "sha1" in options else "md5"
        checksum = smscru_checksum(
            [fields[part] for part in covered],
            self._account.callback_secret,
            name=name,
            charset=charset,
        )
        signed = {**fields, name: checksum}
        body = urlencode(signed, encoding=charset, errors="replace").encode()
        return Post(body, {"Content-Type": FORM})


def _time() -> dict[str, str]:
    at = datetime.now(UTC).astimezone(_MOSCOW)
    return {"time": f"{at:%d.%m.%Y %H:%M:%S}", "ts": str(int(at.timestamp()))}
