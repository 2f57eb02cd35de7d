"""Nobody chooses the address they come from."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.addresses import address_of, is_local

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
strangers = st.ip_addresses().filter(
    lambda a: not any((getattr(a, "ipv4_mapped", None) or a) in network for network in PROXIES)
)


def scope(peer: str | None, *forwarded: str, name: bytes = b"x-forwarded-for") -> Any:  # noqa: ANN401
    headers = [(name, value.encode("latin-1")) for value in forwarded]
    return {"client": None if peer is None else (peer, 4711), "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("::ffff:10.0.0.1", [], "10.0.0.1"),
        ("nonsense", [], "nonsense"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", ["[2001:db9::1]:4711"], "2001:db9::1"),
        ("10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["unknown"], None),
        ("10.0.0.1", [""], None),
        ("10.0.0.1", ["\xff\xfe"], None),
        (None, ["198.51.100.7"], None),
    ],
)
def test_the_address_is_what_the_last_trusted_proxy_saw(
    peer: str | None, forwarded: list[str], address: str | None
) -> None:
    assert address_of(scope(peer, *forwarded), PROXIES) == address


@given(claimed=st.lists(st.ip_addresses()), seen=strangers)
def test_whatever_a_caller_claims_the_proxy_saw_it(claimed: list[object], seen: object) -> None:
    written = ", ".join(map(str, [*claimed, seen]))
    found = ip_address(address_of(scope("10.0.0.1", written), PROXIES) or "0.0.0.0")  # noqa: S104
    assert found in {seen, getattr(seen, "ipv4_mapped", None)}


@given(peer=strangers, claimed=st.text(st.characters(max_codepoint=255)))
def test_a_stranger_says_nothing_of_where_it_comes_from(peer: object, claimed: str) -> None:
    mapped = getattr(peer, "ipv4_mapped", None)
    assert address_of(scope(str(peer), claimed), PROXIES) == str(mapped or peer)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_here_unless_somebody_forwarded_it(address: str) -> None:
    assert is_local(scope(address), address)
    for name in (b"x-forwarded-for", b"forwarded", b"x-real-ip"):
        assert not is_local(scope(address, "127.0.0.1", name=name), address)


@pytest.mark.parametrize("address", ["10.0.0.1", "0.0.0.0", "::", "nonsense", "", None])  # noqa: S104
def test_everything_else_is_not_here(address: str | None) -> None:
    assert not is_local(scope(address), address)
