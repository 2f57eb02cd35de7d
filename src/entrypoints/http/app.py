"""The HTTP application: routes, documents, life span."""

from collections.abc import Callable, Sequence
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

from entrypoints.container import Container
from entrypoints.http.access import KeyGuard
from entrypoints.http.blacklist import delete_blacklist, get_blacklist, post_blacklist
from entrypoints.http.blacklist_entries import get_blacklist_entries, get_blacklist_export
from entrypoints.http.blacklist_import import post_blacklist_import
from entrypoints.http.bodies import MAX_BODY_BYTES
from entrypoints.http.callbacks import take_callback
from entrypoints.http.calls import post_call
from entrypoints.http.cancellation import post_cancel
from entrypoints.http.documents import ASSETS, get_openapi, key_security, openapi_config
from entrypoints.http.errors import handle
from entrypoints.http.health import head_livez, head_readyz, livez, readyz
from entrypoints.http.inbound import get_inbound
from entrypoints.http.message_list import get_messages
from entrypoints.http.messages import get_message, get_request
from entrypoints.http.sending import answer
from entrypoints.http.shortcut import Answer, Shortcut
from entrypoints.http.sms import post_sms
from entrypoints.http.webhooks import WEBHOOK_ROUTES

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
_STATIC = Path(__file__).parent / "static" / "swagger-ui"
_KEYED = (
    post_sms,
    post_call,
    post_blacklist,
    delete_blacklist,
    get_blacklist,
    get_blacklist_entries,
    get_blacklist_export,
    post_blacklist_import,
    get_messages,
    get_message,
    get_request,
    post_cancel,
    get_inbound,
    *WEBHOOK_ROUTES,
)
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
    "cancel_message",
    "read_inbound",
    "manage_webhooks",
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
        role: a ``worker`` only tells of its health.
    """
    if role == WORKER:
        return _litestar(container, _HEALTH, lifespan, ())
    keys = container.settings().api_keys
    handlers = (
        Router("/", route_handlers=_KEYED, security=key_security(keys=bool(keys))),
        *_HEALTH,
        _callbacks(container),
        get_openapi,
        _assets(),
    )
    config = openapi_config(version("habar"), keys=bool(keys))
    litestar = _litestar(container, handlers, lifespan, _USE_CASES, config)
    replays = container.replays()
    routes: dict[str, Answer] = {
        "/sms": partial(answer, container.send_sms(), replays),
        "/call": partial(answer, container.place_call(), replays),
    }
    app = Shortcut(litestar, routes)
    return KeyGuard(app, keys) if keys else app


def _litestar(
    container: Container,
    handlers: Sequence[ControllerRouterHandler],
    lifespan: Lifespan | None,
    use_cases: Sequence[str],
    config: OpenAPIConfig | None = None,
) -> Litestar:
    handle_all: dict[Any, Any] = {HTTPException: handle, Exception: handle}
    return Litestar(
        handlers,
        dependencies={name: _provide(getattr(container, name)) for name in ("storage", *use_cases)},
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
