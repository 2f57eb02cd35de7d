"""The HTTP application: routes, documents, life span."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from pathlib import Path

from litestar import Litestar, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp

from entrypoints.container import Container
from entrypoints.http.access import KeyGuard
from entrypoints.http.blacklist import delete_blacklist, get_blacklist, post_blacklist
from entrypoints.http.bodies import MAX_BODY_BYTES
from entrypoints.http.calls import post_call
from entrypoints.http.documents import ASSETS, get_openapi, key_security, openapi_config
from entrypoints.http.errors import handle
from entrypoints.http.health import head_livez, head_readyz, livez, readyz
from entrypoints.http.messages import get_message, get_request
from entrypoints.http.sending import UseCase
from entrypoints.http.shortcut import Shortcut
from entrypoints.http.sms import post_sms

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
_STATIC = Path(__file__).parent / "static" / "swagger-ui"
_KEYED = (
    post_sms,
    post_call,
    post_blacklist,
    delete_blacklist,
    get_blacklist,
    get_message,
    get_request,
)
_USE_CASES = ("send_sms", "place_call", "manage_blacklist", "stories", "storage")


def create_app(container: Container, *, lifespan: Lifespan | None = None) -> ASGIApp:
    """Build the application on a container, which somebody else opens and closes.

    Args:
        container: with its settings.
        lifespan: that somebody, where it is the application itself.
    """
    keys = container.settings().api_keys
    litestar = Litestar(
        [
            Router("/", route_handlers=_KEYED, security=key_security(keys=bool(keys))),
            livez,
            head_livez,
            readyz,
            head_readyz,
            get_openapi,
            _assets(),
        ],
        dependencies={name: _provide(getattr(container, name)) for name in _USE_CASES},
        exception_handlers={HTTPException: handle, Exception: handle},
        lifespan=[] if lifespan is None else [lifespan],
        logging_config=None,
        openapi_config=openapi_config(version("habar"), keys=bool(keys)),
        request_max_body_size=MAX_BODY_BYTES,
    )
    routes: dict[str, UseCase] = {"/sms": container.send_sms(), "/call": container.place_call()}
    app = Shortcut(litestar, routes)
    return KeyGuard(app, keys) if keys else app


def _provide(make: Callable[[], object]) -> Provide:
    """Wrap a container provider, whose signature Litestar cannot inspect."""

    def provide() -> object:
        return make()

    return Provide(provide, sync_to_thread=False)


def _assets() -> Router:
    return create_static_files_router(
        path=ASSETS,
        directories=[_STATIC],
        include_in_schema=False,
        cache_control=CacheControlHeader(max_age=86_400),
    )
