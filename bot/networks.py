"""Network addresses that a setting names: whom the service believes, and whom it answers."""

from __future__ import annotations

import ipaddress

from bot.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: This machine.
LOOPBACK = "127.0.0.0/8, ::1"
#: What to write where no address is meant.
NOBODY = "none"


def read_networks(variable: str, text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas.

    Raises:
        ConfigurationError: one of them is none; names the variable and what is allowed.
    """
    if text.strip().lower() == NOBODY:
        return ()
    found = []
    for part in (part.strip() for part in text.split(",")):
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError as error:
            raise ConfigurationError(
                f"{variable} holds '{part[:50]}': give addresses or networks with commas between them, such "
                f"as 10.0.0.5 or 10.0.0.0/24, or {NOBODY}"
            ) from error
    return tuple(found)


def is_among(host: str | None, networks: tuple[Network, ...]) -> bool:
    """Whether an address belongs to one of the networks; what is no address belongs to none."""
    try:
        address = ipaddress.ip_address((host or "").strip())
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in networks)
