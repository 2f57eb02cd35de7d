"""``Idempotency-Key``: what is asked for twice is done once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from application.errors import DuplicateKeyError
from application.ports.idempotency import StoredAnswer
from application.replays import RUNNING, Replays
from domain.errors import RequestRunningError
from domain.idempotency import IdempotencyKey
from entrypoints.http.replies import Reply

Serve = Callable[[], Awaitable[Reply]]
Retell = Callable[[UUID], Awaitable[Reply]]


async def once(
    replays: Replays, key: IdempotencyKey, serve: Serve, retell: Retell | None = None
) -> Reply:
    """Answer a request with a key: the first time by serving it, then as it was answered.

    Args:
        replays: what is known of keys.
        key: of this request.
        serve: does it, and keeps the answer; raises ``DuplicateKeyError`` when another was faster.
        retell: makes the answer of a request whose process died of it, where that can happen.
    """
    told = await _told(replays, key, retell)
    if told is not None:
        return told
    try:
        return await serve()
    except DuplicateKeyError:
        told = await _told(replays, key, retell)
    if told is None:
        raise RequestRunningError(RUNNING)
    return told


def stored(reply: Reply) -> StoredAnswer:
    """Make of a reply what is kept of it."""
    return StoredAnswer(reply.status, reply.headers, reply.body)


async def _told(replays: Replays, key: IdempotencyKey, retell: Retell | None) -> Reply | None:
    found = await replays.earlier(key)
    if found is None:
        return None
    if isinstance(found, StoredAnswer):
        reply = Reply(found.body, found.status, found.headers)
    elif retell is None:
        raise RequestRunningError(RUNNING)
    else:
        reply = await retell(found)
        await replays.finish(key, stored(reply))
    return replace(reply, headers={**reply.headers, "Idempotent-Replayed": "true"})
