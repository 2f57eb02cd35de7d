"""What became of messages their providers took: one question, asked so that it always ends."""

import logging
from collections.abc import Sequence

from application.defects import told
from application.ports.providers import ProviderLookup, ReceiptSource
from domain.lookup import Attempt, Lookup, NoAnswer
from domain.message import Message

SPACING_S = 0.2
"""Five questions a second, by all processes together, are within what each provider allows."""
GIVE_UP_S = 259_200.0
"""Three days after a submission nobody is asked any more, and no receipt is waited for."""
_NOT_UNDERSTOOD = NoAnswer("the provider's answer was not understood")
_log = logging.getLogger(__name__)


class OneByOne:
    """Asks a provider about one attempt at a time; see ``ReceiptSource``."""

    batch = 1

    def __init__(self, lookup: ProviderLookup) -> None:
        self._lookup = lookup

    async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
        """Tell what the provider knows; see ``ReceiptSource.states``."""
        return [await self._lookup.find(_attempt(message)) for message in messages]


def _attempt(message: Message) -> Attempt:
    return Attempt(message=message, started_at=message.attempted_at or message.created_at)


def questions(provider: str) -> str:
    """Return the name under which the rate of questions to a provider is kept."""
    return f"{provider}:lookup"


async def ask(source: ReceiptSource, messages: Sequence[Message]) -> Sequence[Lookup]:
    """Ask about messages, all in one question; a defect is no answer about any of them."""
    try:
        answers = await source.states(messages)
        return [answer for answer, _ in zip(answers, messages, strict=True)]
    except Exception as error:  # noqa: BLE001 - whatever it is, the next answer may be read
        _log.error("%s", told(error, " in a question about receipts"))
        return [_NOT_UNDERSTOOD] * len(messages)


def away_s(lookups: Sequence[Lookup]) -> float:
    """Return how long a provider asked us to stay away; 0 where it did not."""
    asked = [lookup.retry_after_s for lookup in lookups if isinstance(lookup, NoAnswer)]
    return max((seconds for seconds in asked if seconds), default=0.0)
