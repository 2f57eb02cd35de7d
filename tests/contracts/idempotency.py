"""What every store of idempotency keys must do."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from application.ports.idempotency import IdempotencyRepository, KeyRecord, StoredAnswer
from application.ports.outbox import Outbox
from domain.idempotency import IdempotencyKey
from tests.contracts.outbox.fixtures import a_queued, a_request

KEY = IdempotencyKey("backend", "order 17/~", bytes(range(32)))
ANSWER = StoredAnswer(202, {"Location": "/requests/1", "X-Name": "é"}, b'{"status": true}\x00\xff')


class IdempotencyContract(ABC):
    """Subclass once per store and provide the three fixtures."""

    @pytest.fixture
    @abstractmethod
    def keys(self) -> IdempotencyRepository:
        """The keys of an empty database."""

    @pytest.fixture
    @abstractmethod
    def outbox(self) -> Outbox:
        """What writes keys, with the requests they protect, to the same database."""

    @pytest.fixture
    @abstractmethod
    def orphan(self) -> Callable[[], Awaitable[None]]:
        """What has a minute pass, for every key, in which nobody said that it is being served."""

    async def test_a_key_never_used_is_not_known(self, keys: IdempotencyRepository) -> None:
        assert await keys.find("backend", "order 17") is None

    async def test_a_key_is_found_with_the_request_it_came_with(
        self, keys: IdempotencyRepository, outbox: Outbox
    ) -> None:
        request = a_request()
        await outbox.accept([a_queued(request)], request, KEY)
        expected = KeyRecord(KEY.fingerprint, request.id, None, running=True)
        assert await keys.find(KEY.account, KEY.key) == expected
        assert await keys.find("shop", KEY.key) is None
        assert await keys.find(KEY.account, "order 18") is None

    async def test_a_finished_key_has_its_answer_byte_by_byte(
        self, keys: IdempotencyRepository, outbox: Outbox
    ) -> None:
        request = a_request()
        await outbox.accept([], request, KEY)
        await keys.finish(KEY, ANSWER)
        expected = KeyRecord(KEY.fingerprint, request.id, ANSWER, running=False)
        assert await keys.find(KEY.account, KEY.key) == expected

    async def test_the_first_answer_stands(
        self, keys: IdempotencyRepository, outbox: Outbox
    ) -> None:
        await outbox.accept([], a_request(), KEY)
        await keys.finish(KEY, ANSWER)
        await keys.finish(KEY, StoredAnswer(500, {}, b""))
        record = await keys.find(KEY.account, KEY.key)
        assert record is not None
        assert record.answer == ANSWER

    async def test_of_many_answers_at_once_one_stands(
        self, keys: IdempotencyRepository, outbox: Outbox
    ) -> None:
        await outbox.accept([], a_request(), KEY)
        answers = [replace(ANSWER, body=b"%d" % number) for number in range(10)]
        await asyncio.gather(*(keys.finish(KEY, answer) for answer in answers))
        record = await keys.find(KEY.account, KEY.key)
        assert record is not None
        assert record.answer in answers

    async def test_an_answer_is_that_of_its_own_key(
        self, keys: IdempotencyRepository, outbox: Outbox
    ) -> None:
        others = [replace(KEY, account="shop"), replace(KEY, key="order 18")]
        for key in (KEY, *others):
            await outbox.accept([], a_request(), key)
        await keys.finish(KEY, ANSWER)
        for key in others:
            record = await keys.find(key.account, key.key)
            assert record is not None
            assert (record.answer, record.running) == (None, True)

    async def test_the_answer_of_a_key_nobody_wrote_is_forgotten(
        self, keys: IdempotencyRepository
    ) -> None:
        await keys.finish(KEY, ANSWER)
        assert await keys.find(KEY.account, KEY.key) is None

    async def test_a_key_unheard_of_for_a_minute_is_orphaned(
        self,
        keys: IdempotencyRepository,
        outbox: Outbox,
        orphan: Callable[[], Awaitable[None]],
    ) -> None:
        request = a_request()
        await outbox.accept([a_queued(request)], request, KEY)
        await orphan()
        expected = KeyRecord(KEY.fingerprint, request.id, None, running=False)
        assert await keys.find(KEY.account, KEY.key) == expected

    async def test_an_orphaned_key_may_still_be_finished(
        self,
        keys: IdempotencyRepository,
        outbox: Outbox,
        orphan: Callable[[], Awaitable[None]],
    ) -> None:
        await outbox.accept([], a_request(), KEY)
        await orphan()
        await keys.finish(KEY, ANSWER)
        record = await keys.find(KEY.account, KEY.key)
        assert record is not None
        assert record.answer == ANSWER

    async def test_only_the_keys_that_are_kept_are_still_running(
        self,
        keys: IdempotencyRepository,
        outbox: Outbox,
        orphan: Callable[[], Awaitable[None]],
    ) -> None:
        kept = [replace(KEY, key=f"order {number}") for number in range(3)]
        lost = [replace(KEY, key="order 3"), replace(KEY, account="shop", key="order 0")]
        for key in (*kept, *lost):
            await outbox.accept([], a_request(), key)
        await orphan()
        await keys.keep([*kept, replace(KEY, key="never used")])
        await keys.keep([])
        for key in (*kept, *lost):
            record = await keys.find(key.account, key.key)
            assert record is not None
            assert record.running == (key in kept)
        assert await keys.find(KEY.account, "never used") is None
