"""Who works on the machine itself."""

import os
import pwd

from domain.caller import Caller, Scope


def local_caller() -> Caller:
    """Return the operating system's user, who may do everything.

    Variables such as LOGNAME are not asked: anybody sets them.
    """
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user often has a number only
        name = str(uid)
    return Caller(account=None, name=name, scopes=frozenset({Scope.ADMIN}))
