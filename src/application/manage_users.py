"""Who may sign in to the dashboard."""

from collections.abc import Sequence
from dataclasses import replace

from application.audit import Audit
from application.ports.system import Clock
from application.ports.users import Passwords, Users
from domain.audit import AuditAction
from domain.caller import Caller
from domain.user import Role, User, UserError, check_password

FIRST = "admin"
"""The user whose password is the setting ``DASHBOARD_PASSWORD``."""


class ManageUsers:
    """Users are made, listed, changed and removed; every change is written to the audit log."""

    def __init__(
        self, users: Users, passwords: Passwords, clock: Clock, audit: Audit, by: Caller
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._clock = clock
        self._audit = audit
        self._by = by

    async def all(self) -> Sequence[User]:
        """Return every user, in the order of their names."""
        return await self._users.all()

    async def create(self, name: str, role: Role, password: str) -> User:
        """Make a user.

        Raises:
            UserError: the name or the password cannot be one, or the name is taken.
        """
        check_password(password)
        user = User(
            name=name,
            role=role,
            password=await self._passwords.hash(password),
            created_at=self._clock.now(),
        )
        if await self._users.find(name) is None:
            await self._audit(self._by, AuditAction.USER_CREATED, name, f"{role}")
            if await self._users.add(user):
                return user
        raise UserError("There is a user of this name already; see habar users list.")

    async def set_password(self, name: str, password: str) -> User:
        """Give a user another password, which ends all their sessions.

        Raises:
            UserError: there is no such user, or the password cannot be one.
        """
        check_password(password)
        user = replace(await self._found(name), password=await self._passwords.hash(password))
        return await self._changed(user, "another password")

    async def set_role(self, name: str, role: Role) -> User:
        """Let a user do more, or less; it counts at once.

        Raises:
            UserError: there is no such user.
        """
        return await self._changed(replace(await self._found(name), role=role), f"{role}")

    async def remove(self, name: str) -> None:
        """Remove a user, which ends all their sessions.

        Raises:
            UserError: there is no such user.
        """
        await self._found(name)
        await self._audit(self._by, AuditAction.USER_REMOVED, name)
        await self._users.remove(name)

    async def keep_first(self, password: str) -> None:
        """See to it that the user ``admin`` is there, is one, and has this password."""
        known = await self._users.find(FIRST)
        if known is None:
            await self.create(FIRST, Role.ADMIN, password)
        elif not await self._passwords.matches(known.password, password):
            await self.set_password(FIRST, password)
        if known is not None and known.role is not Role.ADMIN:
            await self.set_role(FIRST, Role.ADMIN)

    async def _changed(self, user: User, detail: str) -> User:
        await self._audit(self._by, AuditAction.USER_CHANGED, user.name, detail)
        if not await self._users.change(user):
            raise _no_such_user()
        return user

    async def _found(self, name: str) -> User:
        user = await self._users.find(name)
        if user is None:
            raise _no_such_user()
        return user


def _no_such_user() -> UserError:
    return UserError("There is no user of this name; see habar users list.")
