"""Which adapter serves which port in this deployment."""

from uuid import UUID, uuid4

from dependency_injector import containers, providers

from adapters.clock import SystemClock
from adapters.ids import TimeOrderedIds
from adapters.numbering import LibPhoneNumbering
from adapters.persistence.blacklist import (
    BlacklistLookup,
    PostgresLookup,
    SqlBlacklist,
    SqliteLookup,
)
from adapters.persistence.engines import DatabaseTarget, Engines, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.outbox import SqlOutbox
from adapters.persistence.storage import SqlStorage
from application.dispatcher import Dispatcher
from application.manage_blacklist import ManageBlacklist
from application.place_call import PlaceCall
from application.ports.outbox import Outbox
from application.ports.repositories import BlacklistRepository, MessageRepository
from application.ports.system import Clock, Ids, NumberingPlan, Storage
from application.routing import Routing
from application.send_sms import SendSms
from application.stories import Stories
from application.submission import Submission
from entrypoints.carriers import Carriers
from entrypoints.checks import database_target, default_provider
from entrypoints.failpoints import DeadlyOutbox
from entrypoints.settings import Settings


def _lookup(target: DatabaseTarget, engines: Engines) -> BlacklistLookup:
    path = target.sqlite_path
    return PostgresLookup(engines.reader) if path is None else SqliteLookup(path)


def _outbox(commits: GroupCommit, owner: UUID, settings: Settings) -> Outbox:
    outbox = SqlOutbox(commits, owner)
    point = settings.habar_failpoint
    return outbox if point is None else DeadlyOutbox(outbox, point)


def _routing(carriers: Carriers, settings: Settings) -> Routing:
    return Routing(carriers.by_code, default_provider(settings))


class Container(containers.DeclarativeContainer):
    """Everything, made once; ``settings`` comes from outside."""

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    owner: providers.Provider[UUID] = providers.Singleton(uuid4)

    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    ids: providers.Provider[Ids] = providers.Singleton(TimeOrderedIds)
    numbering: providers.Provider[NumberingPlan] = providers.Singleton(
        LibPhoneNumbering, settings.provided.default_region
    )

    target: providers.Provider[DatabaseTarget] = providers.Singleton(database_target, settings)
    engines: providers.Provider[Engines] = providers.Singleton(open_engines, target)
    commits: providers.Provider[GroupCommit] = providers.Singleton(
        GroupCommit, engines.provided.writer
    )
    lookup: providers.Provider[BlacklistLookup] = providers.Singleton(_lookup, target, engines)
    storage: providers.Provider[Storage] = providers.Singleton(
        SqlStorage, target, engines, commits, lookup
    )
    outbox: providers.Provider[Outbox] = providers.Singleton(_outbox, commits, owner, settings)
    messages: providers.Provider[MessageRepository] = providers.Singleton(
        SqlMessageRepository, engines.provided.reader
    )
    blacklist: providers.Provider[BlacklistRepository] = providers.Singleton(
        SqlBlacklist, commits, engines.provided.reader, lookup
    )

    carriers: providers.Provider[Carriers] = providers.Singleton(Carriers, settings)
    routing: providers.Provider[Routing] = providers.Singleton(_routing, carriers, settings)

    dispatcher: providers.Provider[Dispatcher] = providers.Singleton(Dispatcher, outbox, clock, ids)
    submission: providers.Provider[Submission] = providers.Singleton(
        Submission, routing, numbering, blacklist, outbox, dispatcher, clock, ids
    )
    send_sms: providers.Provider[SendSms] = providers.Singleton(SendSms, submission)
    place_call: providers.Provider[PlaceCall] = providers.Singleton(PlaceCall, submission)
    manage_blacklist: providers.Provider[ManageBlacklist] = providers.Singleton(
        ManageBlacklist, blacklist, numbering, clock
    )
    stories: providers.Provider[Stories] = providers.Singleton(Stories, messages)
