"""The HTTP application: routes, documents, life span."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, ControllerRouterHandler

from domain.caller import Scope
from entrypoints.checks import trusted_proxies
from entrypoints.container import Container
from entrypoints.dashboard.errors import show_error
from entrypoints.dashboard.routes import dashboard
from entrypoints.dashboard.visit import OPEN_PAGES
from entrypoints.http.access import NEEDS, KeyGuard, check_scope
from entrypoints.http.audit import get_audit
from entrypoints.http.blacklist import delete_blacklist, get_blacklist, post_blacklist
from entrypoints.http.blacklist_entries import get_blacklist_entries, get_blacklist_export
from entrypoints.http.blacklist_import import post_blacklist_import
from entrypoints.http.bodies import MAX_BODY_BYTES
from entrypoints.http.callbacks import take_callback
from entrypoints.http.calls import post_call
from entrypoints.http.cancellation import post_cancel
from entrypoints.http.documents import ASSETS, DOCUMENTS, get_openapi, key_security, openapi_config
from entrypoints.http.health import head_livez, head_readyz, livez, readyz
from entrypoints.http.inbound import get_inbound
from entrypoints.http.message_list import get_messages
from entrypoints.http.messages import get_message, get_request
from entrypoints.http.metrics import METRICS, get_metrics
from entrypoints.http.providers import get_providers, post_check, post_pause, post_resume
from entrypoints.http.request_id import RequestIds
from entrypoints.http.sending import answer
from entrypoints.http.shortcut import Answer, Shortcut
from entrypoints.http.sms import post_sms
from entrypoints.http.traced_calls import TracedCalls
from entrypoints.http.webhooks import WEBHOOK_ROUTES
from entrypoints.settings import Settings

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
_STATIC = Path(__file__).parent / "static" / "swagger-ui"
KEYED: Mapping[Scope, Sequence[ControllerRouterHandler]] = {
    Scope.SEND: (post_sms, post_call, post_cancel),
    Scope.READ: (get_messages, get_message, get_request, get_inbound, get_providers),
    Scope.BLACKLIST: (
        post_blacklist,
        delete_blacklist,
        get_blacklist,
        get_blacklist_entries,
        get_blacklist_export,
        post_blacklist_import,
    ),
    Scope.ADMIN: (get_audit, *WEBHOOK_ROUTES, post_pause, post_resume, post_check),
}
"""The routes that need a key, by the scope it must have."""
_HEALTH = (livez, head_livez, readyz, head_readyz)
_USE_CASES = (
    "send_sms",
    "place_call",
    "replays",
    "manage_blacklist",
    "read_blacklist",
    "import_blacklist",
    "uploads",
    "stories",
    "askers",
    "cancel_message",
    "read_inbound",
    "read_audit",
    "manage_webhooks",
    "manage_providers",
    "callbacks",
)
WORKER = "worker"


def create_app(
    container: Container, *, lifespan: Lifespan | None = None, role: str = "all"
) -> ASGIApp:
    """Build the application on a container, which somebody else opens and closes.

    Args:
        container: with its settings.
        lifespan: that somebody, where it is the application itself.
        role: a ``worker`` only tells how it is.
    """
    settings = container.settings()
    if role == WORKER:
        worker = _litestar(container, (*_HEALTH, *_metrics(settings)), lifespan, ())
        return RequestIds(_guarded(worker, container) if settings.metrics_enabled else worker)
    keyed = not settings.auth_disabled
    handlers: tuple[ControllerRouterHandler, ...] = (
        *(_needing(scope, routes, keyed=keyed) for scope, routes in KEYED.items()),
        *_HEALTH,
        *_metrics(settings),
        _callbacks(container),
        *((get_openapi, _assets()) if settings.docs_enabled else ()),
        *(dashboard(container) if settings.dashboard_enabled else ()),
    )
    config = openapi_config(version("habar"), keys=keyed) if settings.docs_enabled else None
    litestar = _litestar(container, handlers, lifespan, _USE_CASES, config)
    replays = container.replays()
    routes: dict[str, Answer] = {
        "/sms": partial(answer, container.send_sms(), replays),
        "/call": partial(answer, container.place_call(), replays),
    }
    app: ASGIApp = Shortcut(litestar, routes)
    if (trace := container.trace()) is not None:
        app = TracedCalls(app, routes, trace)
    return RequestIds(_guarded(app, container))


def _guarded(app: ASGIApp, container: Container) -> ASGIApp:
    settings = container.settings()
    metrics = (METRICS,) if settings.metrics_open else ()
    pages = OPEN_PAGES if settings.dashboard_enabled else ()
    also_open = (*metrics, *(DOCUMENTS if settings.docs_enabled else ()), *pages)
    return KeyGuard(app, container.access(), trusted_proxies(settings), also_open=also_open)


def _metrics(settings: Settings) -> Sequence[ControllerRouterHandler]:
    if not settings.metrics_enabled:
        return ()
    if settings.metrics_open:
        return (get_metrics,)
    return (_needing(Scope.READ, (get_metrics,), keyed=not settings.auth_disabled),)


def _needing(scope: Scope, routes: Sequence[ControllerRouterHandler], *, keyed: bool) -> Router:
    return Router(
        "/",
        route_handlers=routes,
        guards=[check_scope],
        opt={NEEDS: scope},
        security=key_security(keys=keyed),
    )


def _litestar(
    container: Container,
    handlers: Sequence[ControllerRouterHandler],
    lifespan: Lifespan | None,
    use_cases: Sequence[str],
    config: OpenAPIConfig | None = None,
) -> Litestar:
    handle_all: dict[Any, Any] = {HTTPException: show_error, Exception: show_error}
    return Litestar(
        handlers,
        dependencies={
            name: _provide(getattr(container, name))
            for name in ("storage", "exposition", *use_cases)
        },
        exception_handlers=handle_all,
        lifespan=[] if lifespan is None else [lifespan],
        logging_config=None,
        openapi_config=config,
        request_max_body_size=MAX_BODY_BYTES,
    )


def _provide(make: Callable[[], object]) -> Provide:
    """Wrap a container provider, whose signature Litestar cannot inspect."""

    def provide() -> object:
        return make()

    return Provide(provide, sync_to_thread=False)


def _callbacks(container: Container) -> Router:
    public_url = container.settings.provided.public_url
    return Router(
        "/", route_handlers=[take_callback], dependencies={"public_url": _provide(public_url)}
    )


def _assets() -> Router:
    return create_static_files_router(
        path=ASSETS,
        directories=[_STATIC],
        include_in_schema=False,
        cache_control=CacheControlHeader(max_age=86_400),
    )
