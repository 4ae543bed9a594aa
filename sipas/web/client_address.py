"""Where a request comes from, for counting in memory only: which address to believe, and what counts as one address.

`X-Forwarded-For` is a header that anybody can write. Each proxy appends the address that it saw, so of the whole list
only what named proxies appended is known: read from the right, the first address that is no named proxy is the
visitor's. From everybody else the header is passed over.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from sipas.config.values import Network

UNKNOWN = ""  # this machine itself, or a proxy that does not say for whom it asks: nobody's own address


def visitor_address(peer: str, forwarded: str, proxies: Sequence[Network]) -> str:
    """Return the visitor's address, UNKNOWN where the peer stands for many people and does not say for whom it asks.

    >>> named = [ipaddress.ip_network("10.0.0.1")]
    >>> visitor_address("10.0.0.1", "6.6.6.6, 203.0.113.7", named), visitor_address("198.51.100.4", "6.6.6.6", named)
    ('203.0.113.7', '198.51.100.4')
    >>> visitor_address("127.0.0.1", "6.6.6.6", named)
    ''
    """
    seen = _parsed(peer)
    if seen is None:
        return peer
    if _is_among(seen, proxies):
        for written in reversed(forwarded.split(",")):
            before = _parsed(written)
            if before is None:
                return UNKNOWN
            if not _is_among(before, proxies):
                return str(before)
        return UNKNOWN
    return UNKNOWN if seen.is_loopback else str(seen)


def is_unnamed_proxy(peer: str, forwarded: str, proxies: Sequence[Network]) -> bool:
    """Tell whether a neighbour passes requests on that no setting names; of strangers' headers nothing is made."""
    seen = _parsed(peer)
    return bool(forwarded and seen is not None and seen.is_private and not _is_among(seen, proxies))


def lines_of(address: str) -> tuple[tuple[str, int], ...]:
    """Return what counts as one line, each with how many addresses' share it may have.

    Of IPv6 a /64 is one line; as whoever rents one server often gets 65,536 of them, the /48 around it counts as well,
    with the share of sixteen: many phones of one provider may be behind it.

    >>> lines_of("203.0.113.7"), lines_of("2001:db8:1:2:3:4:5:6")
    ((('203.0.113.7', 1),), (('2001:db8:1:2::/64', 1), ('2001:db8:1::/48', 16)))
    """
    found = _parsed(address)
    if not isinstance(found, ipaddress.IPv6Address):
        return ((str(found or address), 1),)
    return tuple(
        (str(ipaddress.ip_network((int(found), bits), strict=False)), share) for bits, share in ((64, 1), (48, 16))
    )


def _is_among(address: ipaddress.IPv4Address | ipaddress.IPv6Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as proxies write it, perhaps with a port; an IPv4 address within IPv6 is the IPv4 address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
