"""Addresses and ports that nothing else on this machine uses, so that clusters can run side by side."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

# Ports below those that the kernel gives to outgoing connections (32768 and up): a server can come back to its own.
_PORTS = range(20_000, 32_000)
_BLOCKS = IPv4Network("10.64.0.0/10")


def free_ports(count: int) -> list[int]:
    """TCP ports on which nothing listens."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


@dataclass(frozen=True)
class Network:
    """The addresses of a cluster: of the cable between machine and node, of its pods, of its services."""

    block: IPv4Network

    @property
    def host(self) -> IPv4Address:
        """The machine, as pods reach it."""
        return self.cable[1]

    @property
    def node(self) -> IPv4Address:
        return self.cable[2]

    @property
    def cable(self) -> IPv4Network:
        return next(self.block.subnets(new_prefix=30))

    @property
    def cable_name(self) -> str:
        """The name of its end at the machine; unique, as the addresses are."""
        return f"assay{self.block.network_address.packed[1:3].hex()}"

    @property
    def pods(self) -> IPv4Network:
        return list(self.block.subnets(new_prefix=22))[1]

    @property
    def services(self) -> IPv4Network:
        return list(self.block.subnets(new_prefix=22))[2]

    @property
    def api_service(self) -> IPv4Address:
        """The address of the service `kubernetes`, which is always the first."""
        return self.services[1]


def free_network() -> Network:
    """A network to which this machine has no route of its own."""
    taken = [_route(*line.split()) for line in Path("/proc/net/route").read_text().splitlines()[1:]]
    routes = [route for route in taken if route.prefixlen > 0]
    blocks = [block for block in _BLOCKS.subnets(new_prefix=20) if not any(block.overlaps(route) for route in routes)]
    return Network(random.choice(blocks))


def _route(*columns: str) -> IPv4Network:
    """The destination in a line of the kernel's table: its 2nd and 8th column, in this machine's byte order."""
    destination, mask = (IPv4Address(bytes.fromhex(columns[column])[::-1]) for column in (1, 7))
    return IPv4Network(f"{destination}/{mask}")
