"""Argon2, for real."""

import pytest

from adapters.passwords import Argon2Passwords


@pytest.fixture
def passwords() -> Argon2Passwords:
    return Argon2Passwords()


async def test_a_password_is_known_by_its_hash_and_by_nothing_else(
    passwords: Argon2Passwords,
) -> None:
    stored = await passwords.hash("пароль из слов")
    assert stored.startswith("$argon2id$")
    assert await passwords.matches(stored, "пароль из слов")
    assert not await passwords.matches(stored, "пароль из слов ")


async def test_the_same_password_is_stored_differently_each_time(
    passwords: Argon2Passwords,
) -> None:
    assert await passwords.hash("twelve letters") != await passwords.hash("twelve letters")


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$m=65536,t=3,p=4$x"])
async def test_what_is_no_hash_matches_nothing(passwords: Argon2Passwords, stored: str) -> None:
    assert not await passwords.matches(stored, "twelve letters")


async def test_half_a_character_is_a_wrong_password_and_no_defect(
    passwords: Argon2Passwords,
) -> None:
    assert not await passwords.matches(await passwords.hash("twelve letters"), "\ud800")
