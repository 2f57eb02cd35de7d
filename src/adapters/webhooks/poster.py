"""Webhooks over HTTP, signed."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

import httpx

from adapters.exchange import Answer, exchange
from adapters.http_engine import HttpEngine
from adapters.retry_after import retry_after_s
from adapters.webhooks.resolver import PrivateAddressError
from adapters.webhooks.signature import sign
from application.ports.webhooks import Post
from domain.outcome import Unavailable, Unconfirmed
from domain.webhook import Answered

TIMEOUT_S = 15.0
KEEP_BYTES = 65_536
"""Of an answer nobody reads."""
_PRIVATE = "the address is private; see WEBHOOK_ALLOW_PRIVATE"


class HttpPoster:
    """Posts deliveries; see ``WebhookPoster``."""

    def __init__(self, engine: HttpEngine, secrets: Sequence[bytes], version: str) -> None:
        """Post through an engine, which is closed with this.

        Args:
            engine: connects to public addresses only, and follows no redirect.
            secrets: every one of them signs.
            version: of Habar.
        """
        self._engine = engine
        self._secrets = tuple(secrets)
        self._agent = f"habar/{version}".encode()

    async def post(self, post: Post, at: datetime) -> Answered:
        """Post once; see ``WebhookPoster.post``."""
        answer = await exchange(self._engine, self._request(post, at), timeout_s=TIMEOUT_S)
        return _read(answer)

    async def close(self) -> None:
        """Close every connection; see ``WebhookPoster.close``."""
        await self._engine.aclose()

    def _request(self, post: Post, at: datetime) -> httpx.Request:
        event_id, timestamp = str(post.delivery.event_id), int(at.timestamp())
        signature = sign(self._secrets, event_id, timestamp, post.body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(post.body)),
            (b"accept-encoding", b"identity"),
            (b"user-agent", self._agent),
            (b"webhook-id", event_id.encode()),
            (b"webhook-timestamp", b"%d" % timestamp),
            (b"webhook-signature", signature.encode()),
        ]
        stream = httpx.ByteStream(post.body)
        return httpx.Request("POST", post.delivery.url, headers=headers, stream=stream)


def _read(answer: Answer | Unavailable | Unconfirmed) -> Answered:
    if not isinstance(answer, Answer):
        private = answer.text == PrivateAddressError.__name__
        return Answered(error=_PRIVATE if private else answer.text)
    if answer.is_success:
        return Answered(status=answer.status_code)
    return Answered(
        status=answer.status_code,
        error=f"answered {answer.status_code}{_phrase(answer.status_code)}",
        retry_after_s=retry_after_s(answer) or 0.0,
    )


def _phrase(status: int) -> str:
    known = HTTPStatus.__members__.values()
    return next((f" {one.phrase}" for one in known if one == status), "")
