"""API keys: who has one, giving one, taking it away."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_network
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation

from application.manage_keys import IssuedKey, ManageKeys, NewKey
from domain.api_key import ApiKey, ApiKeyError, Network
from domain.caller import Scope
from entrypoints.container import KeysBy
from entrypoints.dashboard.forms import posted
from entrypoints.dashboard.pages import page, see
from entrypoints.dashboard.queries import identity, moment_of
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.incoming import caller_of
from entrypoints.http.replies import HttpRequest

KEYS = f"{ROOT}/keys"
_GRACE = timedelta(hours=24)
_By = NamedDependency[SkipValidation[KeysBy]]


@get(KEYS)
async def get_keys(request: HttpRequest, keys_by: _By) -> Response[str]:
    """Show every key, also those that open nothing any more."""
    return await _list(request, keys_by(caller_of(request.scope)))


@post(f"{KEYS}/create", status_code=HTTPStatus.OK)
async def post_key(request: HttpRequest, keys_by: _By) -> Response[str]:
    """Make a key, and show it this once."""
    manage, form = keys_by(caller_of(request.scope)), await posted(request)
    try:
        issued = await manage.create(_wanted(form))
    except ApiKeyError as error:
        return await _list(request, manage, form=form, problem=str(error))
    return await _list(request, manage, issued=issued)


@post(f"{KEYS}/{{key_id:str}}/revoke", status_code=HTTPStatus.SEE_OTHER)
async def post_revoke(key_id: FromPath[str], request: HttpRequest, keys_by: _By) -> Response[Any]:
    """Take a key away for good."""
    manage, named = keys_by(caller_of(request.scope)), identity(key_id)
    if named is None:
        raise NotFoundException
    try:
        await manage.revoke(named)
    except ApiKeyError as error:
        return await _list(request, manage, problem=str(error))
    return see(KEYS)


@post(f"{KEYS}/{{key_id:str}}/rotate", status_code=HTTPStatus.OK)
async def post_rotate(key_id: FromPath[str], request: HttpRequest, keys_by: _By) -> Response[str]:
    """Replace a key by a new one, shown this once; the old one is good for a day."""
    manage, named = keys_by(caller_of(request.scope)), identity(key_id)
    if named is None:
        raise NotFoundException
    try:
        issued = await manage.rotate(named, _GRACE)
    except ApiKeyError as error:
        return await _list(request, manage, problem=str(error))
    return await _list(request, manage, issued=issued)


async def _list(
    request: HttpRequest,
    manage: ManageKeys,
    *,
    issued: IssuedKey | None = None,
    form: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response[str]:
    now = datetime.now(UTC)
    return page(
        request,
        "keys.html",
        status=HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        keys=[(key, _state(key, now)) for key in await manage.all()],
        scopes=list(Scope),
        issued=issued,
        form=form or {},
        problem=problem,
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.usable(now) else "expired"


def _wanted(form: Mapping[str, str]) -> NewKey:
    return NewKey(
        name=form.get("name", "").strip(),
        scopes=frozenset(scope for scope in Scope if f"scope-{scope}" in form),
        expires_at=moment_of(form.get("expires_at", "")),
        networks=_networks(form.get("networks", "")),
    )


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(
            ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()
        )
    except ValueError:
        raise ApiKeyError("Networks look like 10.0.0.0/8, 192.168.1.5.") from None
