"""A key opens what it should, from where it should, for as long as it should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.api_key import ApiKeyError, KeyPrint
from tests.contracts.api_keys import FULL, KEY, NOW

SECOND = timedelta(seconds=1)
times = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(one=st.binary(), other=st.binary())
def test_a_print_is_known_again_and_no_other(one: bytes, other: bytes) -> None:
    assert KeyPrint.of(one).matches(KeyPrint.of(one))
    assert KeyPrint.of(one).matches(KeyPrint.of(other)) == (one == other)


def test_a_print_does_not_show_the_key() -> None:
    text = "hbr_0123456789abcdefghijklmnopqrstuvwxyz0123456"
    shown = repr(KeyPrint.of(text.encode()))
    assert "hbr_01234567" in shown
    assert text[12:] not in shown


@given(expires_at=st.none() | times, revoked_at=st.none() | times, at=times)
def test_a_key_is_usable_until_it_expires_unless_it_is_revoked(
    expires_at: datetime | None, revoked_at: datetime | None, at: datetime
) -> None:
    key = replace(KEY, expires_at=expires_at, revoked_at=revoked_at)
    assert key.usable(at) == (revoked_at is None and (expires_at is None or at < expires_at))


def test_a_rotated_key_is_known_by_both_until_the_grace_ends() -> None:
    first, second, third = (KeyPrint.of(text) for text in (b"1", b"2", b"3"))
    key = replace(KEY, current=first).rotated(second, NOW + SECOND)
    assert (key.id, key.account) == (KEY.id, KEY.id.hex)
    assert key.known_by(second, NOW)
    assert key.known_by(first, NOW)
    assert not key.known_by(first, NOW + SECOND)
    assert key.known_by(second, NOW + SECOND)
    again = key.rotated(third, NOW + SECOND)
    assert [again.known_by(shown, NOW) for shown in (first, second, third)] == [False, True, True]


def test_a_key_revoked_twice_was_revoked_the_first_time() -> None:
    revoked = KEY.revoked(NOW)
    assert revoked.revoked(NOW + SECOND) == revoked
    assert revoked.revoked_at == NOW


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.0.0.1", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::1", False),
        (None, False),
    ],
)
def test_a_key_with_networks_is_good_from_there(address: str | None, *, allowed: bool) -> None:
    parsed = None if address is None else ip_address(address)
    assert FULL.allowed_from(parsed) == allowed
    assert KEY.allowed_from(parsed)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "a\0b", "\ud800", "a\u2028b"], ids=repr)
def test_a_name_is_one_printable_line(name: str) -> None:
    with pytest.raises(ApiKeyError):
        replace(KEY, name=name)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_is_above_nothing(rate: float) -> None:
    with pytest.raises(ApiKeyError):
        replace(KEY, rate=rate)


def test_a_key_needs_a_scope() -> None:
    with pytest.raises(ApiKeyError):
        replace(KEY, scopes=frozenset())


def test_one_address_is_a_network_too() -> None:
    key = replace(KEY, networks=(ip_network("192.168.1.5"),))
    assert key.allowed_from(ip_address("192.168.1.5"))
    assert not key.allowed_from(ip_address("192.168.1.6"))
