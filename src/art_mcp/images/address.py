"""Distinguishes public internet addresses from special-purpose ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Resolver: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""Maps a host and a port to the host's addresses; raises OSError if it has none."""

# From IANA's special-purpose address registries. `is_global` is not used: it differs between Python versions and
# accepts multicast, translated addresses, and Azure's virtual public IP address (168.63.129.16).
_NOT_PUBLIC_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
_UNICAST_V6 = IPv6Network("2000::/3")  # everything else is local, multicast, mapped, translated or unassigned
_NOT_PUBLIC_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, including Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4, which embeds an IPv4 address
        "3fff::/20",
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is reachable from anywhere on the internet."""
    if isinstance(address, IPv6Address):
        if address not in _NAT64:
            return address in _UNICAST_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
        # IPv6-only networks reach IPv4 hosts by NAT64, so the embedded IPv4 address decides.
        address = IPv4Address(int(address) & 0xFFFF_FFFF)
    return not any(address in network for network in _NOT_PUBLIC_V4)
