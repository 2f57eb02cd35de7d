"""Who works on the machine itself."""

from getpass import getuser

from domain.caller import Caller, Scope


def local_caller() -> Caller:
    """Return the operating system's user, who may do everything."""
    try:
        name = getuser()
    except (KeyError, OSError):  # a container's user often has a number only
        name = "local"
    return Caller(account=None, name=name, scopes=frozenset({Scope.ADMIN}))
