"""Which numbers a host's name may stand for: what is called from outside must not lead into a network of ours."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from overlap.errors import AccessError, BusyError


def addresses(where: str, host: str, port: int, private: bool) -> list[str]:
    """Return the numbers of *host*, all of them public unless *private* says that they need not be.

    Raises:
        BusyError: nobody knows the name just now.
        AccessError: a number of it is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BusyError(f"{where}: '{host}' is not known: {error}") from error
    numbers = list(dict.fromkeys(str(one[4][0]) for one in found))
    closed = [number for number in numbers if not is_public(number)]
    if closed and not private:
        raise AccessError(
            f"{where}: '{host}' is {closed[0]}, which is no public address; if it is a server of yours that may be "
            "called, write private = true"
        )
    return numbers


def is_public(number: str) -> bool:
    """Whether *number* is an address of the public internet, and hides none that is not."""
    address = ip_address(number.partition("%")[0])
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in (address, *_hidden(address)))


def _hidden(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that *address* stands for; those of NAT64 are reserved as they are."""
    if isinstance(address, IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    return [one for one in inner if one is not None]
