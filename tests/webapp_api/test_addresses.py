"""The client's address: what is forwarded is believed of trusted proxies only, and only as far as they tell it."""

import time

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from webapp_api.addresses import FORWARDED_FOR, MAX_HOPS, Addresses, neighbourhood, parse_networks, wide_neighbourhood

CLIENT, EVIL = "203.0.113.7", "198.51.100.66"
PROXIES = "10.0.0.0/8, 192.0.2.1"


def seen(peer: str, *forwarded: str, proxies: str = PROXIES) -> str:
    """Return the address of a request from this peer with these headers."""
    headers = CIMultiDict([(FORWARDED_FOR, line) for line in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    return Addresses(parse_networks(proxies)).of(request)


def test_without_proxies_a_spoofed_x_forwarded_for_is_nothing() -> None:
    assert seen(CLIENT, EVIL, proxies="") == CLIENT


def test_a_peer_that_is_no_proxy_is_the_client_whatever_it_says() -> None:
    assert seen(CLIENT, EVIL) == CLIENT
    assert seen(CLIENT, "10.0.0.1") == CLIENT


@pytest.mark.parametrize(
    "forwarded",
    [
        (CLIENT,),
        (f"{EVIL}, {CLIENT}",),  # the client wrote the first one itself
        (f"10.0.0.9,{CLIENT}",),
        (EVIL, CLIENT),  # a header that comes twice is one list
        (f"{'junk, ' * 5}{CLIENT}",),
        (f"  {CLIENT}  ",),
    ],
    ids=str,
)
def test_behind_one_proxy_the_client_is_whom_the_proxy_saw(forwarded: tuple[str, ...]) -> None:
    assert seen("10.0.0.1", *forwarded) == CLIENT


def test_behind_two_proxies_both_are_passed_over() -> None:
    assert seen("192.0.2.1", f"{EVIL}, {CLIENT}, 10.1.2.3") == CLIENT
    assert seen("10.0.0.1", EVIL, f"{CLIENT},10.1.2.3", "192.0.2.1") == CLIENT
    assert seen("10.0.0.1", f"{CLIENT}, 192.0.2.2") == "192.0.2.2"  # the second one is not ours


@pytest.mark.parametrize(
    "junk",
    [
        *("", ",", "unknown", "_hidden", "localhost", "203.0.113.7:4711", "203.0.113", "0x7f.1", "010.1.1.1"),
        *("1.2.3.4/32", "[::1]", "::1::", "1" * 5_000, "\u0661.1.1.1", "203.0.113.7 203.0.113.8"),
    ],
)
def test_what_is_no_address_counts_as_no_header(junk: str) -> None:
    assert seen("10.0.0.1", f"{EVIL}, {junk}") == "10.0.0.1"


def test_a_proxy_that_asks_for_itself_is_the_client() -> None:
    assert seen("10.0.0.1") == "10.0.0.1"
    assert seen("10.0.0.1", "10.0.0.2, 10.0.0.3") == "10.0.0.1"


def test_of_a_very_long_header_only_the_last_hops_are_looked_at() -> None:
    near = ",".join(["10.0.0.2"] * (MAX_HOPS - 1))
    assert seen("10.0.0.1", f"{CLIENT},{near}") == CLIENT
    assert seen("10.0.0.1", f"{CLIENT},{near},10.0.0.2") == "10.0.0.1"
    began = time.process_time()
    assert seen("10.0.0.1", "10.0.0.2," * 100_000) == "10.0.0.1"
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    ("peer", "forwarded", "told"),
    [
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("::ffff:10.0.0.1", CLIENT, CLIENT),
        ("10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("", "", ""),
    ],
)
def test_an_address_is_written_in_one_way(peer: str, forwarded: str, told: str) -> None:
    assert seen(peer, forwarded) == told
    assert seen(peer, proxies="") == ("203.0.113.7" if peer.endswith("203.0.113.7") else seen(peer))


def test_an_ipv6_customer_counts_once_for_a_whole_64() -> None:
    assert neighbourhood("2001:db8:1:2::1") == neighbourhood("2001:db8:1:2:ffff:ffff:ffff:ffff")
    assert neighbourhood("2001:db8:1:2::1") != neighbourhood("2001:db8:1:3::1")
    assert neighbourhood("203.0.113.7") != neighbourhood("203.0.113.8")


def test_a_share_of_something_is_a_whole_48s() -> None:
    assert wide_neighbourhood("2001:db8:1:2::1") == wide_neighbourhood("2001:db8:1:ffff::1")
    assert wide_neighbourhood("2001:db8:1::1") != wide_neighbourhood("2001:db8:2::1")
    assert wide_neighbourhood("203.0.113.7") != wide_neighbourhood("203.0.113.8")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy", "10.0.0.0/33", "10.0.0.0/8;10.0.0.1"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_networks(text)
