"""``habar keys``."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import rich_click as click

from application.errors import StorageUnavailableError
from application.manage_keys import IssuedKey, ManageKeys, NewKey
from domain.api_key import ApiKey, ApiKeyError, Network
from domain.caller import Scope
from entrypoints.cli.client import NO, UNAVAILABLE, Json, Refused
from entrypoints.cli.key_options import Expiry, KeyId, NetworkOption
from entrypoints.cli.numbers import Number
from entrypoints.cli.output import as_json, print_json, print_line, print_table, status
from entrypoints.moments import moment

Result = TypeVar("Result")
_COLUMNS = ("Id", "Name", "Prefix", "Scopes", "State", "Expires (UTC)", "Networks", "Per second")
_LONGEST_GRACE_H = 24 * 365
_SHOWN_ONCE = "Keep it now: it is not shown again."


@click.group()
def keys() -> None:
    """Give API keys, and take them away; on the database itself, also while Habar is serving.

    A change counts within two seconds.
    """


@keys.command()
@click.argument("name", default="key")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it is good for; several are given one by one.",
)
@click.option("--expires", "expires_at", type=Expiry(), help="When it ends; default: never.")
@click.option(
    "--network",
    "networks",
    multiple=True,
    type=NetworkOption(),
    help="Where it may be used from; default: everywhere.",
)
@click.option(
    "--rate",
    type=Number(0.01, 100_000),
    help="Requests a second, in each process; default: no limit.",
)
@as_json
def create(  # noqa: PLR0913 - a parameter for each option
    *,
    name: str,
    scopes: tuple[str, ...],
    expires_at: datetime | None,
    networks: tuple[Network, ...],
    rate: float | None,
    json_wanted: bool,
) -> None:
    """Make a key, and show it this once.

    \b
    habar keys create shop --scope send --scope read
    habar keys create night-job --scope send --expires 90d --network 10.0.0.0/8 --rate 5
    """  # noqa: D301 - click's mark for lines that stay as they are
    wanted = NewKey(
        name=name,
        scopes=frozenset(map(Scope, scopes)),
        expires_at=expires_at,
        networks=networks,
        rate=rate,
    )
    issued = _done(lambda manage: manage.create(wanted), create=True)
    _show_issued(issued, json_wanted=json_wanted)


@keys.command("list")
@as_json
def list_(*, json_wanted: bool) -> None:
    """List every key, also those that open nothing any more.

    \b
    habar keys list
    """  # noqa: D301 - as above
    found = _done(lambda manage: manage.all())
    rows = [_told(key) for key in found]
    if json_wanted:
        print_json({"keys": rows})
        return
    print_table(
        _COLUMNS,
        [
            (
                row["id"],
                row["name"],
                row["prefix"],
                ", ".join(row["scopes"]),
                status(row["state"]),
                moment(row["expires_at"]),
                ", ".join(row["networks"]),
                row["rate"],
            )
            for row in rows
        ],
    )


@keys.command()
@click.argument("key_id", type=KeyId())
@as_json
def revoke(*, key_id: UUID, json_wanted: bool) -> None:
    """Take a key away for good.

    \b
    habar keys revoke 0193578a1c2b7d3e8f405a6b7c8d9e0f
    """  # noqa: D301 - as above
    key = _done(lambda manage: manage.revoke(key_id))
    if json_wanted:
        print_json(_told(key))
    else:
        print_line(f"{key.name} is revoked.")


@keys.command()
@click.argument("key_id", type=KeyId())
@click.option(
    "--grace",
    "grace_h",
    type=Number(0, _LONGEST_GRACE_H),
    default=0,
    show_default=True,
    metavar="HOURS",
    help="How long the old one is still good.",
)
@as_json
def rotate(*, key_id: UUID, grace_h: float, json_wanted: bool) -> None:
    """Replace a key by a new one with the same id: its messages stay its own.

    \b
    habar keys rotate 0193578a1c2b7d3e8f405a6b7c8d9e0f --grace 24
    """  # noqa: D301 - as above
    grace = timedelta(hours=grace_h)
    _show_issued(_done(lambda manage: manage.rotate(key_id, grace)), json_wanted=json_wanted)


def _done(
    action: Callable[[ManageKeys], Coroutine[Any, Any, Result]], *, create: bool = False
) -> Result:
    # Loaded here: the other commands start without a database.
    from entrypoints.cli.database import run_on_database  # noqa: PLC0415

    try:
        return run_on_database(lambda container: action(container.manage_keys()), create=create)
    except ApiKeyError as error:
        raise Refused(str(error), NO) from None
    except StorageUnavailableError as error:
        raise Refused(f"The database is not available: {error}.", UNAVAILABLE) from None


def _show_issued(issued: IssuedKey, *, json_wanted: bool) -> None:
    key = issued.key
    scopes = [scope.value for scope in Scope if scope in key.scopes]
    if json_wanted:
        answer = {"id": key.account, "key": issued.text, "prefix": key.current.prefix}
        print_json({**answer, "scopes": scopes})
        return
    print_line(issued.text, "bold")
    print_line(f"{_SHOWN_ONCE} Its id is {key.account}; it may {', '.join(scopes)}.")


def _told(key: ApiKey) -> Json:
    return {
        "id": key.account,
        "name": key.name,
        "prefix": key.current.prefix,
        "scopes": [scope.value for scope in Scope if scope in key.scopes],
        "state": _state(key),
        "created_at": _written(key.created_at),
        "expires_at": _written(key.expires_at),
        "revoked_at": _written(key.revoked_at),
        "networks": [str(network) for network in key.networks],
        "rate": key.rate,
        "previous_until": _written(key.previous_until),
    }


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.usable(datetime.now(UTC)) else "expired"


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
