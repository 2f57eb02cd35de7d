"""Waiting until it is known what became of messages."""

import time
from collections.abc import Sequence

from entrypoints.cli.client import Client, Json
from entrypoints.cli.output import progress

POLL_S = 1.0
_UNENDED = frozenset({"queued", "sending", "submitted", "unknown"})
_SHOWN = ("status", "provider", "error")


def wait_for(client: Client, message_ids: Sequence[str]) -> dict[str, Json]:
    """Ask until every message has come to its end; return what changes in its row."""
    ended: dict[str, Json] = {}
    with progress() as bars:
        bar = bars.add_task("Waiting", total=len(message_ids))
        while True:
            for message_id in message_ids:
                if message_id not in ended:
                    message = client.get(f"/messages/{message_id}")["content"]["message"]
                    if has_ended(message):
                        ended[message_id] = {name: message[name] for name in _SHOWN}
                        bars.advance(bar)
            if len(ended) == len(message_ids):
                return ended
            time.sleep(POLL_S)


def has_ended(message: Json) -> bool:
    """Tell whether nothing more is to be expected; of one in doubt, that nobody asks any more."""
    if message["status"] == "unknown":
        return any(line["event"] == "held" for line in message.get("history", []))
    return message["status"] not in _UNENDED
