"""Waiting until it is known what became of messages."""

import time
from collections.abc import Collection, Iterator

from entrypoints.cli.client import Client, Json, Refused
from entrypoints.cli.output import progress

POLL_S = 1.0
_UNENDED = frozenset({"queued", "sending", "submitted", "unknown"})


def wait_for(client: Client, message_ids: Collection[str]) -> Iterator[Json]:
    """Ask until every message has come to its end; yield each as it does.

    Raises:
        Refused: the service does not answer any more, or does not want to.
    """
    left = list(message_ids)
    with progress() as bars:
        bar = bars.add_task("Waiting", total=len(left))
        while left:
            for message_id in tuple(left):
                message = _ask(client, message_id)
                if has_ended(message):
                    left.remove(message_id)
                    bars.advance(bar)
                    yield message
            if left:
                time.sleep(POLL_S)


def has_ended(message: Json) -> bool:
    """Tell whether nothing more is to be expected; of one in doubt, that nobody asks any more."""
    if message["status"] == "unknown":
        return any(line["event"] == "held" for line in message.get("history", []))
    return message["status"] not in _UNENDED


def _ask(client: Client, message_id: str) -> Json:
    """Ask, and once more whenever the service says when it wants to be asked again."""
    while True:
        try:
            message: Json = client.get(f"/messages/{message_id}")["content"]["message"]
        except Refused as refusal:
            if refusal.retry_after_s is None:
                raise
            time.sleep(refusal.retry_after_s)
        else:
            return message
