"""Which page is where, and who may see it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from litestar import Response, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from domain.caller import Scope
from entrypoints.checks import trusted_proxies
from entrypoints.container import Container
from entrypoints.dashboard.audit import get_audit
from entrypoints.dashboard.blacklist import (
    get_blacklist,
    post_blacklist_add,
    post_blacklist_remove,
)
from entrypoints.dashboard.blacklist_lists import get_export, get_import, post_import
from entrypoints.dashboard.door import Door
from entrypoints.dashboard.keys import get_keys, post_key, post_revoke, post_rotate
from entrypoints.dashboard.messages import get_message, get_messages, post_cancel
from entrypoints.dashboard.overview import get_overview
from entrypoints.dashboard.providers import get_providers, post_pause, post_resume
from entrypoints.dashboard.send import get_send, post_count, post_send
from entrypoints.dashboard.sign_in import get_sign_in, post_sign_in, post_sign_out
from entrypoints.dashboard.visit import ROOT
from entrypoints.dashboard.webhooks import get_webhooks, post_enable, post_replay, post_try
from entrypoints.http.access import NEEDS
from entrypoints.http.replies import HttpRequest

PAGES: Mapping[Scope, Sequence[ControllerRouterHandler]] = {
    Scope.READ: (get_overview, get_messages, get_message, get_providers),
    Scope.SEND: (get_send, post_send, post_count, post_cancel),
    Scope.BLACKLIST: (
        get_blacklist,
        post_blacklist_add,
        post_blacklist_remove,
        get_import,
        post_import,
        get_export,
    ),
    Scope.ADMIN: (
        get_audit,
        post_pause,
        post_resume,
        get_keys,
        post_key,
        post_revoke,
        post_rotate,
        get_webhooks,
        post_replay,
        post_enable,
        post_try,
    ),
}
"""The pages, by the scope a visitor's role must have."""
_OPEN = (get_sign_in, post_sign_in, post_sign_out)
_STATIC = Path(__file__).parent / "static"


def dashboard(container: Container) -> Sequence[Router]:
    """Make the routers of the dashboard."""
    proxies = trusted_proxies(container.settings())
    door = Door(container.visitors(), proxies)
    routers = [
        Router("/", route_handlers=routes, opt={NEEDS: scope}) for scope, routes in PAGES.items()
    ]
    return [
        Router(
            "/",
            route_handlers=[*routers, *_OPEN],
            before_request=_through(door),
            dependencies={
                "sign_in": _provide(container.sign_in),
                "search": _provide(container.search),
                "overview": _provide(container.overview),
                "figures": _provide(container.figures),
                "keys_by": _provide(container.keys_by),
                "try_webhook": _provide(container.try_webhook),
                "proxies": _provide(lambda: proxies),
            },
            include_in_schema=False,
        ),
        create_static_files_router(
            path=f"{ROOT}/static",
            directories=[_STATIC],
            include_in_schema=False,
            cache_control=CacheControlHeader(max_age=86_400),
        ),
    ]


def _through(door: Door) -> Callable[[HttpRequest], Awaitable[Response[bytes] | None]]:
    """Wrap the door in a function: Litestar copies everything else, engines included."""

    async def enter(request: HttpRequest) -> Response[bytes] | None:
        return await door(request)

    return enter


def _provide(make: Callable[[], object]) -> Provide:
    """Wrap a container provider, whose signature Litestar cannot inspect."""

    def provide() -> object:
        return make()

    return Provide(provide, sync_to_thread=False)
