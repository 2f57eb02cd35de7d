"""The fake store of webhooks keeps the contract the real one keeps."""

from datetime import datetime

import pytest

from adapters.persistence.webhook_rows import NewEvent
from tests.contracts.webhooks import Publish, WebhooksContract
from tests.fakes.webhooks import MemoryWebhooks


class TestMemoryWebhooks(WebhooksContract):
    @pytest.fixture
    def store(self) -> MemoryWebhooks:
        return MemoryWebhooks()

    @pytest.fixture
    def publish(self, store: MemoryWebhooks) -> Publish:
        async def publish(event: NewEvent, now: datetime) -> None:
            store.publish(event, now)

        return publish
