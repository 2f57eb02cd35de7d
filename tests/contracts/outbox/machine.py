"""An outbox against its model: whatever is done to it, in whatever order."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from application.ports.outbox import SweepReport
from application.send_report import EXPIRED
from domain.event import Event, EventName
from domain.message import Failure, MessageStatus
from domain.outcome import Accepted, Rejected, RejectReason, Unconfirmed
from domain.terms import Priority, Terms
from tests.contracts.outbox.fixtures import a_queued, a_request, a_sending, now, wanted
from tests.contracts.outbox.model import Known, ModelledOutbox, S, Stores

ROUTE = ("smscru", "twilio")
BUSY = Failure("provider_throttled", "Too many requests.")
HOUR_S = 3600.0

picks = st.integers(0, 1_000_000)
waits = st.sampled_from([0.0, HOUR_S])
providers = st.sampled_from(ROUTE)


class OutboxMachine(ModelledOutbox):
    """Time stands still but for ``advance``: what is due is due since long, or in an hour."""

    @rule(
        provider=providers,
        due_in_s=st.sampled_from([-HOUR_S, HOUR_S]),
        expires_in_s=st.sampled_from([None, -60.0, 3 * HOUR_S]),
        priority=st.sampled_from(Priority),
    )
    def accept_queued(
        self,
        provider: str,
        due_in_s: float,
        expires_in_s: float | None,
        priority: Priority,
    ) -> None:
        self.numbers += 1
        request = a_request(terms=Terms(route=ROUTE, priority=priority))
        start = self.stores.clock.now() if self.stores.clock else now()
        due_at = start + timedelta(seconds=due_in_s)
        expires_at = None if expires_in_s is None else start + timedelta(seconds=expires_in_s)
        new = a_queued(
            request, self.numbers, provider=provider, due_at=due_at, expires_at=expires_at
        )
        assert self.run(self.stores.outbox.accept([new], request))
        expires = None if expires_in_s is None else self.time + expires_in_s
        self.model[new.message.id] = Known(new.message, self.time + due_in_s, expires)

    @rule(gone=st.booleans())
    def accept_sending(self, *, gone: bool) -> None:
        self.numbers += 1
        outbox, length_s = self.process(gone=gone)
        request = a_request(terms=Terms(route=ROUTE))
        new = a_sending(request, self.numbers, length_s=length_s)
        assert self.run(outbox.accept([new], request))
        self.model[new.message.id] = Known(new.message, self.time, held=new, gone=gone)

    @rule(pick=picks)
    def accept_again(self, pick: int) -> None:
        if known := self.pick(pick, *S):
            again = a_queued(a_request())
            again = replace(again, message=replace(again.message, id=known.message.id))
            with pytest.raises(Exception):  # noqa: B017, PT011 - each database has its own error
                self.run(self.stores.outbox.accept([again]))

    @rule(provider=providers, limit=st.integers(1, 4), gone=st.booleans())
    def claim(self, provider: str, limit: int, *, gone: bool) -> None:
        waiting = [
            known
            for known in self.those(S.QUEUED)
            if known.message.provider == provider and known.due <= self.time
        ]
        due = {known.message.id for known in waiting if not self.late(known)}
        late = {known.message.id for known in waiting if self.late(known)}
        outbox, lease_s = self.process(gone=gone)
        claim = self.run(outbox.claim(wanted(provider, limit=limit, lease_s=lease_s)))
        claimed_ids = {claimed.message.id for claimed in claim.claimed}
        assert claimed_ids <= due | late
        # What is too late may still be claimed: the sender looks at the time itself.
        assert min(limit, len(due)) <= len(claim.claimed) <= min(limit, len(due | late))
        assert len(claimed_ids) == len(claim.claimed)
        for claimed in claim.claimed:
            known = self.model[claimed.message.id]
            self.lose(known)
            known.message = known.message.started(claimed.message.updated_at)
            known.held, known.gone = claimed, gone

    @rule(provider=providers, limit=st.integers(1, 4), gone=st.booleans())
    def claim_doubts(self, provider: str, limit: int, *, gone: bool) -> None:
        due = {
            known.message.id
            for known in self.those(S.UNKNOWN)
            if known.message.provider == provider
            and known.lookup is not None
            and known.lookup <= self.time
        }
        outbox, lease_s = self.process(gone=gone)
        doubts = self.run(outbox.claim_doubts(wanted(provider, limit=limit, lease_s=lease_s)))
        assert len(doubts) == min(limit, len(due))
        assert {doubt.message.id for doubt in doubts} <= due
        for doubt in doubts:
            known = self.model[doubt.message.id]
            self.lose(known)
            known.message = replace(known.message, lookups=known.message.lookups + 1)
            known.held, known.lookup = doubt, self.time + lease_s

    @rule(
        pick=picks,
        outcome=st.sampled_from(
            [
                Accepted("SM1"),
                Accepted("SM1", delivered=True),
                Rejected(reason=RejectReason.CONTENT),
                Unconfirmed("no answer"),
            ]
        ),
        wait_s=st.sampled_from([None, 0.0, HOUR_S]),
    )
    def settle(
        self, pick: int, outcome: Accepted | Rejected | Unconfirmed, wait_s: float | None
    ) -> None:
        if known := self.pick(pick, S.SENDING, held=True):
            message = known.message.after(outcome, now())
            self.finish(known, message, EventName(message.status), wait_s)

    @rule(pick=picks, wait_s=waits, provider=providers)
    def defer(self, pick: int, wait_s: float, provider: str) -> None:
        if known := self.pick(pick, S.SENDING, held=True):
            message = known.message.deferred(now(), BUSY, provider)
            self.finish(known, message, EventName.DEFERRED, wait_s)

    @rule(pick=picks)
    def move_on(self, pick: int) -> None:
        if known := self.pick(pick, S.SENDING, held=True):
            message = known.message.deferred(now(), BUSY, "twilio").started(now())
            self.finish(known, message, EventName.ROUTED, renew=True)

    @rule(pick=picks, wait_s=st.sampled_from([None, 0.0, HOUR_S]))
    def keep_doubting(self, pick: int, wait_s: float | None) -> None:
        if known := self.pick(pick, S.UNKNOWN, held=True):
            self.finish(known, known.message, EventName.LOOKED_UP, wait_s)

    @rule(pick=picks, status=st.sampled_from([S.SUBMITTED, S.FAILED, S.DELIVERED]))
    def resolve(self, pick: int, status: MessageStatus) -> None:
        if known := self.pick(pick, S.UNKNOWN, held=True):
            self.finish(known, known.message.moved(status, now()), EventName(status))

    @rule(pick=picks, wait_s=waits)
    def resend(self, pick: int, wait_s: float) -> None:
        if known := self.pick(pick, S.UNKNOWN, held=True):
            self.finish(known, known.message.resent(now()), EventName.RESENT, wait_s)

    @precondition(lambda self: self.stale)
    @rule(pick=picks)
    def settle_too_late(self, pick: int) -> None:
        assert not self.run(self.stores.outbox.settle(self.stale[pick % len(self.stale)]))

    @precondition(lambda self: self.done)
    @rule(pick=picks)
    def settle_again(self, pick: int) -> None:
        settlement = [*self.done.values()][pick % len(self.done)]
        assert self.run(self.stores.outbox.settle(settlement))

    @rule(pick=picks)
    def release(self, pick: int) -> None:
        known = self.pick(pick, S.SENDING, held=True)
        if known is not None and known.held is not None and known.held.lease is not None:
            self.run(self.stores.outbox.release([known.held.lease]))
            self.lose(known)
            known.message, known.due = known.message.put_back(now()), self.time

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        if known := self.pick(pick, *S):
            event = Event(at=now(), name=EventName.CANCELED)
            canceled = self.run(self.stores.outbox.cancel(known.message.id, event))
            never_sent = not known.message.resends
            assert canceled == (known.message.status is S.QUEUED and never_sent)
            if canceled:
                known.message = known.message.moved(S.CANCELED, event.at)
                known.history.append("canceled")

    @rule(provider=providers, avoid=st.frozensets(providers))
    def divert(self, provider: str, avoid: frozenset[str]) -> None:
        to = next((code for code in ROUTE if code not in avoid), provider)
        # A provider is led around because it is in trouble: then it is one to avoid itself.
        if provider not in avoid or any(map(self.late, self.those(S.QUEUED))):
            return
        due = [
            known
            for known in self.those(S.QUEUED)
            if known.message.provider == provider and known.due <= self.time
        ]
        moved = due if to != provider else []
        assert self.run(self.stores.outbox.divert(provider, avoid)) == len(moved)
        for known in moved:
            known.message = replace(known.message, provider=to)
            known.history.append("routed")

    @rule()
    def sweep(self) -> None:
        gone = [known for known in self.those(S.SENDING) if known.gone]
        late = [known for known in self.those(S.QUEUED) if self.late(known)]
        report = self.run(self.stores.outbox.sweep())
        again = sum(known.message.resends > 0 for known in late)
        assert report == SweepReport(in_doubt=len(gone) + again, expired=len(late) - again)
        for known in gone:
            known.swept = True
            known.message = known.message.moved(S.UNKNOWN, now())
            known.lookup = self.time
            known.history.append("unknown")
        for known in late:
            self.done.pop(known.message.id, None)
            known.message = known.message.unsent(S.EXPIRED, now(), EXPIRED)
            known.lookup = self.time if known.message.resends else None
            known.history.append(known.message.status)

    @precondition(lambda self: self.stores.clock is not None)
    @rule()
    def advance(self) -> None:
        assert self.stores.clock is not None
        self.stores.clock.advance(2 * HOUR_S)
        self.time += 2 * HOUR_S


def run_machine(
    opened: Callable[[], AbstractAsyncContextManager[Stores]], *, examples: int, steps: int
) -> None:
    """Run the machine on a new database for every example."""

    def make() -> OutboxMachine:
        return OutboxMachine(opened())

    size = settings(max_examples=examples, stateful_step_count=steps)
    # Typed as a class, documented as whatever makes a machine.
    run_state_machine_as_test(make, settings=size)  # type: ignore[arg-type]
