"""Webhooks whose posts are taken down in the traces of the messages' requests."""

from datetime import datetime
from uuid import UUID

import msgspec

from adapters.telemetry.trace import Facts, Trace
from application.ports.webhooks import Post, WebhookPoster
from domain.webhook import Answered


class _Message(msgspec.Struct):
    request_id: UUID


class _Body(msgspec.Struct):
    data: _Message


class TracedPoster:
    """A poster in front of another; see ``WebhookPoster``."""

    def __init__(self, poster: WebhookPoster, trace: Trace) -> None:
        self._poster = poster
        self._trace = trace

    async def post(self, post: Post, at: datetime) -> Answered:
        """Pass on, and take down; what a subscriber sent belongs to no request."""
        request_id = _request_of(post)
        if request_id is None:
            return await self._poster.post(post, at)
        with self._trace.step(request_id, "webhook", _facts(post), outward=True) as step:
            answered = await self._poster.post(post, at)
            status: Facts = {}
            if answered.status is not None:
                status = {"http.response.status_code": answered.status}
            step.came_to("told" if answered.good else "not_told", status, failed=not answered.good)
        return answered

    async def close(self) -> None:
        """Pass on."""
        await self._poster.close()


def _request_of(post: Post) -> UUID | None:
    if post.delivery.message_id is None:
        return None
    try:
        return msgspec.json.decode(post.body, type=_Body).data.request_id
    except msgspec.DecodeError:
        return None


def _facts(post: Post) -> Facts:
    """Return what is said of a post; of its address nothing: it may hold a secret."""
    return {
        "habar.message.id": str(post.delivery.message_id),
        "habar.event": post.delivery.event_type,
        "habar.attempt": post.delivery.attempts + 1,
    }
