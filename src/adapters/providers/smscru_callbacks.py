"""smsc.ru's callbacks: one address for what became of messages and for what subscribers write.

* The account's settings name the address; its query says in which charset and format they come,
  ``?charset=utf-8&fmt=3``, and which checksum goes along, ``md5`` or ``sha1``. A ``crc32`` proves
  nothing and is refused.
* A checksum covers some fields only: ``id:phone:status:secret`` or ``phone:mes:to:secret``, as the
  bytes that were sent. The other fields explain, and decide nothing that matters.
* ``id`` is ours where it is ``h`` and 32 hexadecimal digits; others belong to other systems.

Source: docs/providers/smscru.md.
"""

import re
from hashlib import new, sha256
from hmac import compare_digest
from uuid import UUID

from adapters.providers.smscru_codes import NOT_FOUND, number_of, state
from adapters.providers.smscru_fields import CHARSETS, Fields, read_fields
from application.ports.callbacks import Callback, CallbackOutcome, Ignored, Malformed, Refused
from application.ports.system import Clock, Ids
from domain.inbound import InboundMessage
from domain.receipt import Receipt

CODE = "smscru"
_STATUS = (b"id", b"phone", b"status")
_INBOUND = (b"phone", b"mes", b"to")
_CALL_IN = b"waitcall"
_CHECKSUMS = ("md5", "sha1")
"""What the provider offers; the secret stands at the end."""
_OUR_ID = re.compile(r"h([0-9a-f]{32})", re.IGNORECASE)
_PHONE_LENGTH = 32


class SmscruCallbacks:
    """Serves ``CallbackReader``."""

    def __init__(self, secret: str | None, clock: Clock, ids: Ids) -> None:
        """Prepare it.

        Args:
            secret: the phrase checksums are made with; without one nothing is believed.
            clock: says when something was received.
            ids: name what subscribers write.
        """
        self._phrases = _phrases(secret or "")
        self._clock = clock
        self._ids = ids

    def read(self, callback: Callback) -> CallbackOutcome:
        """Check and read a callback; see ``CallbackReader.read``."""
        if not self._phrases:
            return Refused("SMSCRU_CALLBACK_SECRET is not set")
        fields = read_fields(callback)
        if fields is None:
            return Malformed("neither a form nor JSON")
        if _CALL_IN in fields.values:
            return Ignored()
        kinds = [kind for kind in (_STATUS, _INBOUND) if fields.values.keys() >= {*kind}]
        if not kinds:
            return Malformed("neither a status nor a text")
        kind = next((kind for kind in kinds if self._covers(fields, kind)), None)
        if kind is None:
            return Refused("no md5 or sha1 that fits; it needs SMSCRU_CALLBACK_SECRET")
        return self._status(fields) if kind is _STATUS else self._inbound(fields)

    def _covers(self, fields: Fields, kind: tuple[bytes, ...]) -> bool:
        said = b"".join(fields.values[name] + b":" for name in kind)
        given = [name for name in _CHECKSUMS if name.encode() in fields.values]
        return bool(given) and all(
            self._fits(name, said, fields.values[name.encode()]) for name in given
        )

    def _fits(self, name: str, said: bytes, checksum: bytes) -> bool:
        digests = [new(name, said + phrase, usedforsecurity=False) for phrase in self._phrases]
        return any(compare_digest(d.hexdigest().encode(), checksum.lower()) for d in digests)

    def _status(self, fields: Fields) -> CallbackOutcome:
        ours = _OUR_ID.fullmatch(fields.text(b"id").strip())
        if ours is None:
            return Ignored()
        status, err = number_of(fields.text(b"status")), number_of(fields.text(b"err")) or "0"
        if status is None:
            return Malformed("a status that is no number")
        if status == NOT_FOUND:
            return Ignored()
        found, words = state(status, err)
        return Receipt(
            provider=CODE,
            status=found,
            at=self._clock.now(),
            message_id=UUID(ours[1]),
            provider_id=ours[0].lower(),
            provider_code=status if err == "0" else f"{status}/{err}",
            text=words,
        )

    def _inbound(self, fields: Fields) -> CallbackOutcome:
        phone = fields.name(b"phone").removeprefix("+")[:_PHONE_LENGTH]
        if not phone:
            return Malformed("a text without its sender")
        return InboundMessage(
            id=self._ids.new(),
            provider=CODE,
            phone=phone,
            to=fields.name(b"to").removeprefix("+")[:_PHONE_LENGTH],
            text=fields.text(b"mes"),
            received_at=self._clock.now(),
            provider_id=_inbound_id(fields),
        )


def _phrases(secret: str) -> list[bytes]:
    """Write the secret in every charset that has its letters: which one is used is not said."""
    phrases: set[bytes] = set()
    for charset in CHARSETS:
        try:
            phrases.add(secret.encode(charset))
        except UnicodeEncodeError:
            continue
    return sorted(phrases - {b""})


def _inbound_id(fields: Fields) -> str | None:
    """Name a text so that a repetition has the same name.

    Whether ``id`` is its own or that of the message it answers is not said: it does not do alone.
    """
    marks = [fields.values.get(name, b"") for name in (b"id", b"ts", b"time")]
    if not any(marks):
        return None
    said = [fields.values[name] for name in _INBOUND]
    return sha256(b"\0".join([*marks, *said])).hexdigest()
