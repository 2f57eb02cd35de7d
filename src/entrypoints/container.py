"""Which adapter serves which port in this deployment."""

import random
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID, uuid4

from dependency_injector import containers, providers
from prometheus_client import CollectorRegistry

from adapters.clock import SystemClock
from adapters.ids import TimeOrderedIds
from adapters.numbering import LibPhoneNumbering
from adapters.passwords import Argon2Passwords
from adapters.persistence.api_keys import SqlApiKeys
from adapters.persistence.audit import SqlAuditLog
from adapters.persistence.balances import SqlBalanceLog
from adapters.persistence.blacklist import SqlBlacklist
from adapters.persistence.blacklist_entries import SqlBlacklistEntries
from adapters.persistence.blacklist_lookup import BlacklistLookup, PostgresLookup, SqliteLookup
from adapters.persistence.counters import SqlCounters
from adapters.persistence.engines import DatabaseTarget, Engines, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.idempotency import SqlIdempotency
from adapters.persistence.inbound import SqlInboundLog
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.opt_out_lookup import (
    OptOutLookup,
    PostgresOptOutLookup,
    SqliteOptOutLookup,
)
from adapters.persistence.opt_outs import SqlOptOuts
from adapters.persistence.provider_states import SqlProviderStates
from adapters.persistence.sessions import SqlSessions
from adapters.persistence.storage import SqlStorage
from adapters.persistence.users import SqlUsers
from adapters.persistence.webhook_reads import SqlWebhookRepository
from adapters.persistence.webhook_transactions import ShortTransactions
from adapters.telemetry.exposition import Exposition
from adapters.telemetry.trace import Trace
from application.access import Access
from application.admission import Admission
from application.askers import Askers
from application.attempts import Attempts
from application.audit import Audit
from application.audit_reading import ReadAudit
from application.audited_keys import AuditedKeys
from application.background import Background, Loop
from application.blacklist_import import ImportBlacklist
from application.blacklist_reading import ReadBlacklist
from application.blacklist_sweep import SweepBlacklist
from application.breaker import Breakers
from application.callbacks import TakeCallback
from application.cancellation import CancelMessage
from application.consent import Consent
from application.dispatcher import Dispatcher
from application.figures import Figures
from application.inbound import ReceiveInbound
from application.inbound_reading import ReadInbound
from application.key_ring import KeyRing
from application.manage_blacklist import ManageBlacklist
from application.manage_keys import ManageKeys
from application.manage_users import ManageUsers
from application.money import ReadMoney
from application.orders import Orders
from application.overview import Overview
from application.place_call import PlaceCall
from application.ports.api_keys import ApiKeys
from application.ports.audit import AuditLog
from application.ports.backlog import BacklogSource
from application.ports.balances import BalanceLog
from application.ports.blacklist import BlacklistEntries, BlacklistRepository
from application.ports.callbacks import CallbackReader
from application.ports.counters import Counters
from application.ports.idempotency import IdempotencyRepository
from application.ports.inbound import InboundLog
from application.ports.opt_outs import OptOuts
from application.ports.outbox import Outbox
from application.ports.provider_states import ProviderStates
from application.ports.receipts import ReceiptLog
from application.ports.repositories import MessageRepository
from application.ports.system import Clock, Ids, NumberingPlan, Storage
from application.ports.telemetry import Telemetry
from application.ports.users import Passwords, Sessions, Users
from application.ports.webhooks import WebhookRepository
from application.providers_admin import ManageProviders
from application.pump import Pump, Tools
from application.receipts import RecordReceipt
from application.reconciler import Patience, Reconciler
from application.replays import Replays
from application.retry import Retry
from application.rollup import Rollup
from application.routing import Routing
from application.search import Search
from application.send_sms import SendSms
from application.settler import Settler
from application.sign_in import SignIn
from application.stories import Stories
from application.submission import Submission
from application.upkeep import Upkeep
from application.visitors import SweepSessions, Visitors
from application.webhook_trial import TryWebhook
from application.webhooks_addresses import WebhookAddresses
from application.webhooks_admin import ManageWebhooks
from domain.caller import Caller
from entrypoints.callback_readers import callback_readers
from entrypoints.carriers import SCOPED_OPT_OUTS, Carriers
from entrypoints.checks import database_target, default_provider
from entrypoints.http.blacklist_upload import Uploads
from entrypoints.inbound import announcement
from entrypoints.local_caller import local_caller
from entrypoints.queue import Queue
from entrypoints.receipts import choose_receipt_log, receipt_loops
from entrypoints.retention import retention_loops
from entrypoints.settings import Settings
from entrypoints.stop_words import keywords
from entrypoints.telemetry import balance_loops, choose_telemetry, make_exposition, sql_backlog
from entrypoints.tracing import choose_trace, traced_outbox, traced_reports
from entrypoints.webhooks import webhook_addresses, webhook_loops, webhook_trial

KeysBy = Callable[[Caller], ManageKeys]
"""Keys, managed in somebody's name."""


def _lookup(target: DatabaseTarget, engines: Engines) -> BlacklistLookup:
    path = target.sqlite_path
    return PostgresLookup(engines.reader) if path is None else SqliteLookup(path)


def _opt_out_lookup(target: DatabaseTarget, engines: Engines) -> OptOutLookup:
    path = target.sqlite_path
    return PostgresOptOutLookup(engines.reader) if path is None else SqliteOptOutLookup(path)


def _stopping(background: Background) -> Callable[[], bool]:
    return lambda: background.stopping


def _routing(carriers: Carriers, settings: Settings) -> Routing:
    return Routing(carriers.by_code, default_provider(settings), settings.fallback_providers)


def _keys_by(keys: ApiKeys, audit: Audit, clock: Clock, ids: Ids) -> KeysBy:
    return lambda by: ManageKeys(AuditedKeys(keys, audit, by), clock, ids)


def _keys_of_this_machine(keys_by: KeysBy) -> ManageKeys:
    return keys_by(local_caller())


def _counting(counters: Counters, clock: Clock, settings: Settings) -> Sequence[Loop]:
    return () if settings.habar_role == "api" else [Rollup(counters, clock)]


def _upkeep(outbox: Outbox, breakers: Breakers, carriers: Carriers, settings: Settings) -> Upkeep:
    return Upkeep(outbox, breakers, list(carriers.by_code), max_age_s=settings.queue_max_age)


def _pumps(carriers: Carriers, tools: Tools, settings: Settings) -> Sequence[Pump]:
    if settings.habar_role == "api":
        return ()
    return [Pump(carrier, tools) for carrier in carriers.by_code.values()]


def _reconcilers(  # noqa: PLR0913, PLR0917 - what a reconciler takes
    carriers: Carriers,
    outbox: Outbox,
    messages: MessageRepository,
    receipts: ReceiptLog,
    clock: Clock,
    patience: Patience,
    settings: Settings,
) -> Sequence[Reconciler]:
    if settings.habar_role == "api":
        return ()
    return [
        Reconciler(carrier, carrier.lookup, outbox, messages, receipts, clock, patience)
        for carrier in carriers.by_code.values()
        if carrier.lookup is not None
    ]


def _all_of(*groups: Sequence[Loop]) -> Sequence[Loop]:
    return [loop for group in groups for loop in group]


class Container(containers.DeclarativeContainer):
    """Everything, made once; ``settings`` comes from outside."""

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    owner: providers.Provider[UUID] = providers.Singleton(uuid4)

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    ids: providers.Provider[Ids] = providers.Singleton(TimeOrderedIds)
    numbering: providers.Provider[NumberingPlan] = providers.Singleton(
        LibPhoneNumbering, settings.provided.default_region
    )

    registry: providers.Provider[CollectorRegistry] = providers.Singleton(CollectorRegistry)
    telemetry: providers.Provider[Telemetry] = providers.Singleton(
        choose_telemetry, settings, registry
    )
    trace: providers.Provider[Trace | None] = providers.Singleton(choose_trace)

    target: providers.Provider[DatabaseTarget] = providers.Singleton(database_target, settings)
    engines: providers.Provider[Engines] = providers.Singleton(open_engines, target)
    commits: providers.Provider[GroupCommit] = providers.Singleton(
        GroupCommit, engines.provided.writer, telemetry
    )
    lookup: providers.Provider[BlacklistLookup] = providers.Singleton(_lookup, target, engines)
    queue: providers.Provider[Queue] = providers.Singleton(
        Queue,
        target,
        engines,
        commits,
        owner,
        clock,
        ids,
        settings.provided.habar_failpoint,
        telemetry,
        announced=settings.provided.announced,
    )
    outbox: providers.Provider[Outbox] = providers.Singleton(
        traced_outbox, queue.provided.outbox, telemetry, trace
    )
    opt_out_lookup: providers.Provider[OptOutLookup] = providers.Singleton(
        _opt_out_lookup, target, engines
    )
    storage: providers.Provider[Storage] = providers.Singleton(
        SqlStorage, target, engines, commits, lookup, opt_out_lookup
    )
    messages: providers.Provider[MessageRepository] = providers.Singleton(
        SqlMessageRepository, engines.provided.reader
    )
    blacklist: providers.Provider[BlacklistRepository] = providers.Singleton(
        SqlBlacklist, commits, engines.provided.reader, lookup, clock
    )
    entries: providers.Provider[BlacklistEntries] = providers.Singleton(
        SqlBlacklistEntries, commits, engines.provided.reader, clock
    )
    opt_outs: providers.Provider[OptOuts] = providers.Singleton(SqlOptOuts, commits, opt_out_lookup)
    consent: providers.Provider[Consent] = providers.Singleton(
        Consent, blacklist, opt_outs, SCOPED_OPT_OUTS
    )
    states: providers.Provider[ProviderStates] = providers.Singleton(
        SqlProviderStates, commits, engines.provided.reader, clock
    )
    keys: providers.Provider[IdempotencyRepository] = providers.Singleton(
        SqlIdempotency, commits, engines.provided.reader, owner, clock
    )
    addresses: providers.Provider[WebhookAddresses] = providers.Singleton(
        webhook_addresses, settings
    )
    transactions: providers.Provider[ShortTransactions] = providers.Singleton(
        ShortTransactions, commits, engines.provided.reader
    )
    webhooks: providers.Provider[WebhookRepository] = providers.Singleton(
        SqlWebhookRepository, transactions
    )

    audit_log: providers.Provider[AuditLog] = providers.Singleton(
        SqlAuditLog, commits, engines.provided.reader
    )
    audit: providers.Provider[Audit] = providers.Singleton(Audit, audit_log, clock, ids)
    read_audit: providers.Provider[ReadAudit] = providers.Singleton(ReadAudit, audit_log)
    api_keys: providers.Provider[ApiKeys] = providers.Singleton(
        SqlApiKeys, commits, engines.provided.reader
    )
    key_ring: providers.Provider[KeyRing] = providers.Singleton(KeyRing, api_keys, clock)
    access: providers.Provider[Access] = providers.Singleton(
        Access,
        key_ring,
        clock,
        settings.provided.api_keys,
        disabled=settings.provided.auth_disabled,
    )
    counters: providers.Provider[Counters] = providers.Singleton(
        SqlCounters, commits, engines.provided.reader
    )
    balance_log: providers.Provider[BalanceLog] = providers.Singleton(
        SqlBalanceLog, commits, engines.provided.reader
    )
    money: providers.Provider[ReadMoney] = providers.Singleton(ReadMoney, balance_log, clock)
    figures: providers.Provider[Figures] = providers.Singleton(Figures, counters, clock)
    users: providers.Provider[Users] = providers.Singleton(
        SqlUsers, commits, engines.provided.reader
    )
    sessions: providers.Provider[Sessions] = providers.Singleton(
        SqlSessions, commits, engines.provided.reader
    )
    passwords: providers.Provider[Passwords] = providers.Singleton(Argon2Passwords)
    sign_in: providers.Provider[SignIn] = providers.Singleton(
        SignIn, users, sessions, passwords, clock, audit
    )
    visitors: providers.Provider[Visitors] = providers.Singleton(
        Visitors, access, sessions, clock, asked=settings.provided.asks_password
    )
    manage_users: providers.Provider[ManageUsers] = providers.Singleton(
        ManageUsers, users, passwords, clock, audit, providers.Callable(local_caller)
    )
    keys_by: providers.Provider[KeysBy] = providers.Singleton(_keys_by, api_keys, audit, clock, ids)
    manage_keys: providers.Provider[ManageKeys] = providers.Singleton(
        _keys_of_this_machine, keys_by
    )

    carriers: providers.Provider[Carriers] = providers.Singleton(Carriers, settings, trace)
    routing: providers.Provider[Routing] = providers.Singleton(_routing, carriers, settings)

    breakers: providers.Provider[Breakers] = providers.Singleton(Breakers, states, clock)
    settler: providers.Provider[Settler] = providers.Singleton(
        Settler, outbox, consent.provided.refused
    )
    patience: providers.Provider[Patience] = providers.Singleton(
        Patience, settings.provided.lookup_delays, settings.provided.receipt_poll_interval
    )
    attempts: providers.Provider[Attempts] = providers.Singleton(
        Attempts,
        settler,
        breakers,
        clock,
        first_lookup_s=patience.provided.first_s,
        first_poll_s=settings.provided.receipt_poll_interval,
        telemetry=telemetry,
    )
    admission: providers.Provider[Admission] = providers.Singleton(Admission, states, breakers)
    dispatcher: providers.Provider[Dispatcher] = providers.Singleton(
        Dispatcher, outbox, admission, attempts, settler, clock, ids, telemetry
    )
    upkeep: providers.Provider[Upkeep] = providers.Singleton(
        _upkeep, outbox, breakers, carriers, settings
    )
    retry: providers.Provider[Retry] = providers.Singleton(
        Retry, settings.provided.max_attempts, providers.Object(random.random)
    )
    tools: providers.Provider[Tools] = providers.Singleton(
        Tools,
        outbox=outbox,
        consent=consent,
        attempts=attempts,
        settler=settler,
        breakers=breakers,
        retry=retry,
        upkeep=upkeep,
        clock=clock,
        telemetry=telemetry,
    )
    receipt_log: providers.Provider[ReceiptLog] = providers.Singleton(
        choose_receipt_log,
        target,
        commits,
        clock,
        settings,
        providers.Singleton(traced_reports, telemetry, trace),
    )
    record_receipt: providers.Provider[RecordReceipt] = providers.Singleton(
        RecordReceipt, receipt_log
    )
    loops: providers.Provider[Sequence[Loop]] = providers.Singleton(
        _all_of,
        providers.Singleton(
            receipt_loops,
            carriers,
            outbox,
            states,
            receipt_log,
            consent,
            clock,
            settings,
        ),
        providers.Singleton(webhook_loops, transactions, addresses, clock, ids, settings, trace),
        providers.Singleton(retention_loops, transactions, clock, settings),
        providers.Singleton(balance_loops, carriers, telemetry, balance_log, clock, settings),
        providers.Singleton(_counting, counters, clock, settings),
        providers.List(
            key_ring,
            providers.Singleton(SweepBlacklist, entries),
            providers.Singleton(SweepSessions, sessions, clock),
        ),
    )
    background: providers.Provider[Background] = providers.Singleton(
        Background,
        providers.Singleton(_pumps, carriers, tools, settings),
        providers.Singleton(
            _reconcilers, carriers, outbox, messages, receipt_log, clock, patience, settings
        ),
        upkeep,
        attempts,
        settler,
        stop_within_s=settings.provided.shutdown_timeout,
        loops=loops,
    )
    backlog: providers.Provider[BacklogSource] = providers.Singleton(
        sql_backlog, target, engines, clock
    )
    exposition: providers.Provider[Exposition] = providers.Singleton(
        make_exposition, settings, registry, engines, breakers, backlog
    )
    replays: providers.Provider[Replays] = providers.Singleton(Replays, keys, messages, clock)
    orders: providers.Provider[Orders] = providers.Singleton(
        Orders,
        routing,
        numbering,
        consent,
        upkeep,
        clock,
        ids,
        default_ttl_s=settings.provided.message_ttl,
        addresses=addresses,
    )
    inbound_log: providers.Provider[InboundLog] = providers.Singleton(
        SqlInboundLog,
        commits,
        engines.provided.reader,
        owner,
        providers.Singleton(announcement, settings, clock),
    )
    receive_inbound: providers.Provider[ReceiveInbound] = providers.Singleton(
        ReceiveInbound,
        inbound_log,
        orders,
        providers.Singleton(keywords, settings),
        stop_reply=settings.provided.stop_reply,
    )
    readers: providers.Provider[Mapping[str, CallbackReader]] = providers.Singleton(
        callback_readers, settings, clock, ids
    )
    callbacks: providers.Provider[TakeCallback] = providers.Singleton(
        TakeCallback, readers, record_receipt, receive_inbound
    )
    read_inbound: providers.Provider[ReadInbound] = providers.Singleton(ReadInbound, inbound_log)
    submission: providers.Provider[Submission] = providers.Singleton(
        Submission,
        orders,
        consent,
        outbox,
        dispatcher,
        clock,
        audit,
        stopping=providers.Callable(_stopping, background),
        holds=replays.provided.holds,
    )
    send_sms: providers.Provider[SendSms] = providers.Singleton(SendSms, submission)
    place_call: providers.Provider[PlaceCall] = providers.Singleton(PlaceCall, submission)
    manage_blacklist: providers.Provider[ManageBlacklist] = providers.Singleton(
        ManageBlacklist, blacklist, numbering, clock, audit
    )
    read_blacklist: providers.Provider[ReadBlacklist] = providers.Singleton(ReadBlacklist, entries)
    import_blacklist: providers.Provider[ImportBlacklist] = providers.Singleton(
        ImportBlacklist, entries, blacklist, numbering, clock, audit
    )
    uploads: providers.Provider[Uploads] = providers.Singleton(Uploads, settings.provided.data_dir)
    stories: providers.Provider[Stories] = providers.Singleton(Stories, messages, numbering)
    search: providers.Provider[Search] = providers.Singleton(
        Search, stories, providers.Callable(list, carriers.provided.by_code)
    )
    askers: providers.Provider[Askers] = providers.Singleton(Askers, api_keys)
    cancel_message: providers.Provider[CancelMessage] = providers.Singleton(
        CancelMessage, outbox, stories, clock, audit, telemetry
    )
    manage_providers: providers.Provider[ManageProviders] = providers.Singleton(
        ManageProviders, routing, states, breakers, clock, audit
    )
    overview: providers.Provider[Overview] = providers.Singleton(
        Overview, manage_providers, backlog, messages, money
    )
    try_webhook: providers.Provider[TryWebhook] = providers.Singleton(
        webhook_trial, addresses, clock, ids, settings
    )
    manage_webhooks: providers.Provider[ManageWebhooks] = providers.Singleton(
        ManageWebhooks, webhooks, messages, addresses, clock, audit
    )
