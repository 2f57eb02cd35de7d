"""``habar users``."""

import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import rich_click as click

from application.errors import StorageUnavailableError
from application.manage_users import ManageUsers
from domain.user import Role, User, UserError
from entrypoints.cli.client import NO, UNAVAILABLE, Json, Refused
from entrypoints.cli.output import as_json, print_json, print_line, print_table
from entrypoints.moments import moment

Result = TypeVar("Result")
_COLUMNS = ("Name", "Role", "Since (UTC)")
_ROLE = click.Choice([role.value for role in Role])
_password_from = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from standard input."
)


@click.group()
def users() -> None:
    """Say who may sign in to the dashboard; on the database itself, also while Habar is serving.

    A viewer sees everything but whole phone numbers, an operator sends and keeps the blacklist,
    too, an admin does everything. A change counts at once.
    """


@users.command()
@click.argument("name")
@click.option("--role", type=_ROLE, default=Role.VIEWER.value, show_default=True)
@_password_from
@as_json
def create(*, name: str, role: str, from_stdin: bool, json_wanted: bool) -> None:
    """Make a user; the password is asked for.

    \b
    habar users create aigerim --role operator
    pass show habar | habar users create aigerim --password-stdin
    """  # noqa: D301 - click's mark for lines that stay as they are
    password = _password(from_stdin=from_stdin)
    user = _done(lambda manage: manage.create(name.lower(), Role(role), password), create=True)
    _show(user, f"{user.name} may sign in as {user.role}.", json_wanted=json_wanted)


@users.command("list")
@as_json
def list_(*, json_wanted: bool) -> None:
    """List everybody who may sign in.

    \b
    habar users list
    """  # noqa: D301 - as above
    found = [_told(user) for user in _done(lambda manage: manage.all())]
    if json_wanted:
        print_json({"users": found})
        return
    rows = [(user["name"], user["role"], moment(user["created_at"])) for user in found]
    print_table(_COLUMNS, rows)


@users.command()
@click.argument("name")
@_password_from
@as_json
def password(*, name: str, from_stdin: bool, json_wanted: bool) -> None:
    """Give a user another password, which ends all their visits.

    \b
    habar users password aigerim
    """  # noqa: D301 - as above
    typed = _password(from_stdin=from_stdin)
    user = _done(lambda manage: manage.set_password(name.lower(), typed))
    _show(user, f"{user.name} has another password.", json_wanted=json_wanted)


@users.command()
@click.argument("name")
@click.argument("role", type=_ROLE)
@as_json
def role(*, name: str, role: str, json_wanted: bool) -> None:
    """Let a user do more, or less.

    \b
    habar users role aigerim viewer
    """  # noqa: D301 - as above
    user = _done(lambda manage: manage.set_role(name.lower(), Role(role)))
    _show(user, f"{user.name} is {user.role} now.", json_wanted=json_wanted)


@users.command()
@click.argument("name")
@as_json
def remove(*, name: str, json_wanted: bool) -> None:
    """Remove a user, which ends all their visits.

    \b
    habar users remove aigerim
    """  # noqa: D301 - as above
    _done(lambda manage: manage.remove(name.lower()))
    if json_wanted:
        print_json({"name": name.lower()})
    else:
        print_line(f"{name.lower()} may not sign in any more.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _done(
    action: Callable[[ManageUsers], Coroutine[Any, Any, Result]], *, create: bool = False
) -> Result:
    # Loaded here: the other commands start without a database.
    from entrypoints.cli.database import run_on_database  # noqa: PLC0415

    try:
        return run_on_database(lambda container: action(container.manage_users()), create=create)
    except UserError as error:
        raise Refused(str(error), NO) from None
    except StorageUnavailableError as error:
        raise Refused(f"The database is not available: {error}.", UNAVAILABLE) from None


def _show(user: User, sentence: str, *, json_wanted: bool) -> None:
    if json_wanted:
        print_json(_told(user))
    else:
        print_line(sentence)


def _told(user: User) -> Json:
    return {
        "name": user.name,
        "role": user.role.value,
        "created_at": user.created_at.isoformat(),
    }
