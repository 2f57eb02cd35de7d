import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.webhooks.resolver import PrivateAddressError, PublicResolver, is_public

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450::1"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 - nothing listens there
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "100::1",
    "not an address",
]
NETWORKS = ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]


def resolver(*found: str, allow_private: bool = False) -> PublicResolver:
    async def lookup(host: str, port: int) -> Sequence[str]:
        del host, port
        return found

    return PublicResolver(lookup, allow_private=allow_private)


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_connected_to(address: str) -> None:
    assert await resolver(address)("shop.example", 443) == (address,)


@pytest.mark.parametrize("address", PRIVATE)
async def test_an_address_that_is_not_public_is_not(address: str) -> None:
    with pytest.raises(PrivateAddressError):
        await resolver(address)("shop.example", 443)


@pytest.mark.parametrize("address", PRIVATE)
async def test_nor_is_a_name_that_has_one_such_address_among_others(address: str) -> None:
    for found in ((PUBLIC[0], address), (address, PUBLIC[0]), (*PUBLIC, address)):
        with pytest.raises(PrivateAddressError):
            await resolver(*found)("shop.example", 443)


async def test_where_it_is_wished_any_address_will_do() -> None:
    assert await resolver("127.0.0.1", allow_private=True)("localhost", 80) == ("127.0.0.1",)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "::1"]
)
async def test_however_the_machine_itself_is_written_it_is_refused(host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - a system may not know some of the spellings
        await PublicResolver()(host, 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1"])
async def test_what_the_system_makes_of_a_spelling_is_what_is_checked(host: str) -> None:
    assert await PublicResolver(allow_private=True)(host, 80) == ["127.0.0.1"]


@given(network=st.sampled_from(NETWORKS), data=st.data())
def test_no_address_of_a_private_network_is_public(network: str, data: st.DataObject) -> None:
    known = ip_network(network)
    index = data.draw(st.integers(0, known.num_addresses - 1))
    address = known[index]
    assert not is_public(str(address))
    assert not is_public(f"::ffff:{address}")
    assert not is_public(str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))))


@given(address=st.ip_addresses(v=6).filter(lambda a: int(a) >> 125 != 1))
def test_only_global_unicast_is_public(address: IPv4Address | IPv6Address) -> None:
    assert not is_public(str(address))


async def test_a_name_is_asked_for_once_however_many_want_it() -> None:
    asked, gate = [], asyncio.Event()

    async def lookup(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        await gate.wait()
        return [PUBLIC[0]]

    resolver = PublicResolver(lookup)
    waiting = [asyncio.create_task(resolver("shop.example", 443)) for _ in range(9)]
    other = asyncio.create_task(resolver("bank.example", 443))
    await asyncio.sleep(0)
    waiting[0].cancel()  # the others wait on
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*waiting[1:], other) == [[PUBLIC[0]]] * 9
    assert asked == [("shop.example", 443), ("bank.example", 443)]
    await resolver("shop.example", 443)
    assert len(asked) == 3


async def test_names_that_are_not_answered_keep_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, gate = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM), Event()

    def getaddrinfo(host: str, port: int, **_: object) -> object:
        del port
        if host.startswith("slow"):
            gate.wait(30)
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    resolver = PublicResolver(allow_private=True)
    slow = [asyncio.create_task(resolver(f"slow{n}.example", 80)) for n in range(50)]
    async with asyncio.timeout(20):
        assert await resolver("fast.example", 80) == ["127.0.0.1"]
    assert not any(task.done() for task in slow)
    gate.set()
    assert await asyncio.gather(*slow) == [["127.0.0.1"]] * 50


async def test_a_name_nobody_knows_is_an_error_and_can_be_asked_for_again() -> None:
    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011 - the system has its own
            await PublicResolver()("nobody.invalid", 80)
