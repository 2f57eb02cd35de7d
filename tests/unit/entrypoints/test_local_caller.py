"""Who is named for what is done in a terminal."""

import os
import pwd

import pytest

from entrypoints.local_caller import local_caller


def test_it_is_the_user_of_the_process_whatever_variables_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    assert local_caller().name == pwd.getpwuid(os.getuid()).pw_name


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert local_caller().name == "4000000000"
