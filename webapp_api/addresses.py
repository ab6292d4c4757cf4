"""From which network address somebody asks, where proxies may stand between."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from aiohttp import web

MAX_HOPS: Final = 16  # addresses of a forwarded-for header that are looked at
FORWARDED_FOR: Final = "X-Forwarded-For"

_V6_KEPT: Final = 8  # bytes: a /64, which is what one customer is given at least
_V6_KEPT_WIDE: Final = 6  # a /48, which is what one customer is given at most

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return networks, or single addresses, that are separated by commas. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


class Addresses:
    """Tells a client's address. What a forwarded-for header says is believed only of the proxies that are trusted."""

    def __init__(self, trusted_proxies: Iterable[Network] = ()) -> None:
        self._proxies = tuple(trusted_proxies)

    def of(self, request: web.Request) -> str:
        """Return the client's address.

        Each proxy adds on the right from whom it took the request, so the header is read from there to the first
        address that is no proxy of ours; whatever stands left of it, anybody may have written. A header that can't be
        read counts as none. An IPv4 address that is written as IPv6 is that IPv4 address.
        """
        peer = request.remote or ""
        if not self._proxies and ":" not in peer:
            return peer
        address = _address(peer)
        if address is None:
            return peer
        if self._is_proxy(address):
            address = self._forwarded(request) or address
        return str(address)

    def _forwarded(self, request: web.Request) -> Address | None:
        hops = ",".join(request.headers.getall(FORWARDED_FOR, ())).rsplit(",", MAX_HOPS)[-MAX_HOPS:]
        for hop in reversed(hops):
            address = _address(hop.strip())
            if address is None or not self._is_proxy(address):
                return address
        return None  # proxies only: one of them asks for itself

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


def neighbourhood(address: str) -> str | bytes:
    """Return what counts as one place where requests are limited: an IPv4 address, or the /64 of an IPv6 address."""
    return IPv6Address(address).packed[:_V6_KEPT] if ":" in address else address


def wide_neighbourhood(address: str) -> str | bytes:
    """Return what counts as one place where a share of something is given: of an IPv6 address its /48."""
    return IPv6Address(address).packed[:_V6_KEPT_WIDE] if ":" in address else address


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])  # behind it stands the name of a network interface of ours
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
