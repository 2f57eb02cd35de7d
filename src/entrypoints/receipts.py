"""How receipts are kept in this deployment, and who works them off."""

from collections.abc import Sequence

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.receipt_changes import Changes, PostgresChanges, SqliteChanges
from adapters.persistence.receipts import SqlReceiptLog
from application.background import Loop
from application.consent import Consent
from application.parked_receipts import ParkedReceipts
from application.ports.outbox import Outbox
from application.ports.provider_states import ProviderStates
from application.ports.receipts import ReceiptLog
from application.ports.system import Clock
from application.ports.telemetry import Telemetry
from application.receipt_poll import ReceiptPoll
from entrypoints.carriers import Carriers
from entrypoints.settings import Settings


def choose_receipt_log(
    target: DatabaseTarget,
    commits: GroupCommit,
    clock: Clock,
    settings: Settings,
    telemetry: Telemetry,
) -> ReceiptLog:
    """Choose how receipts are written."""
    poll_s, announced = settings.receipt_poll_interval, settings.announced
    changes: Changes
    if target.sqlite_path is not None:
        changes = SqliteChanges(clock, poll_s=poll_s, announced=announced)
    else:
        schema = target.schema or "public"
        changes = PostgresChanges(schema, poll_s=poll_s, announced=announced)
    return SqlReceiptLog(commits, changes, telemetry)


def receipt_loops(  # noqa: PLR0913, PLR0917 - all that they work with
    carriers: Carriers,
    outbox: Outbox,
    states: ProviderStates,
    log: ReceiptLog,
    consent: Consent,
    clock: Clock,
    settings: Settings,
) -> Sequence[Loop]:
    """Make what asks for receipts and works off those that wait; an API process has neither."""
    if settings.habar_role == "api":
        return ()
    by_code = carriers.by_code
    sources = {code: c.receipts for code, c in by_code.items() if c.receipts is not None}
    interval_s = settings.receipt_poll_interval
    polls = [
        ReceiptPoll(by_code[code], source, outbox, states, log, clock, interval_s=interval_s)
        for code, source in sources.items()
    ]
    return [*polls, ParkedReceipts(log, sources, states, consent, clock)]
