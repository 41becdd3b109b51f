"""Linux namespaces for a node: mounts, network devices, rules and processes in them end with them, by the kernel."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cluster.network import Network
from cluster.processes import Processes, wait_until

IMAGES = Path("/var/lib/images")

_SHOW_IMAGES = """
mkdir {state}/lib/images
mount --bind {images} {state}/lib/images
mount -o remount,bind,ro {state}/lib/images
"""
_SETUP = """
mount --rbind {state}/lib /var/lib
mount --bind {state}/log /var/log
mount -t tmpfs tmpfs /run
mount --make-rshared /
ip link set lo up
ip address add {node}/{prefix} dev eth0
ip link set eth0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
for switch in /proc/sys/net/bridge/bridge-nf-call-iptables; do [ ! -e $switch ] || echo 1 > $switch; done
"""


class Namespaces:
    """A mount, a network and a process namespace, joined to this machine by a cable (a veth pair).

    /var/lib and /var/log are folders in `state`, /run is empty, /proc shows the processes inside; a folder `images` is
    at IMAGES, read-only; all other files are the machine's. When the first process is killed, the kernel kills the
    others and removes mounts, devices and rules.
    """

    def __init__(self, processes: Processes, state: Path, network: Network, images: Path | None = None) -> None:
        for folder in ("lib", "log"):
            (state / folder).mkdir(parents=True)
        unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        # The first process inside inherits orphans; a shell that waits collects those that end.
        self._outside = processes.start("namespaces", [*unshare, "sh", "-c", "sleep infinity & wait"])
        wait_until(self._complete, "the node's namespaces", self._outside)
        (self._inside,) = self._children()
        self._cable = network.cable_name
        self._plug_in(network)
        values = {"state": state, "node": network.node, "prefix": network.cable.prefixlen, "images": images}
        setup = _SETUP if images is None else _SHOW_IMAGES + _SETUP
        self.run(["sh", "-euc", setup.format_map(values)])

    def command(self, command: Sequence[str | Path]) -> list[str]:
        """The command line that runs this one inside."""
        enter = ["nsenter", f"--target={self._inside}", "--mount", "--net", "--pid", "--"]
        return [*enter, *map(str, command)]

    def run(self, command: Sequence[str | Path]) -> str:
        """Run it inside, to its end; what it prints. Raises `CalledProcessError`, with its output as a note."""
        return _run(self.command(command))

    def succeeds(self, command: Sequence[str | Path]) -> bool:
        """Whether it does, run inside."""
        return subprocess.run(self.command(command), capture_output=True).returncode == 0

    def wait_until_gone(self) -> None:
        """Wait, once its processes are killed, until the kernel has cleared away what was inside, and the cable."""
        traces = (Path(f"/proc/{self._inside}"), Path(f"/sys/class/net/{self._cable}"))
        wait_until(lambda: not any(trace.exists() for trace in traces), "the end of the node's namespaces")

    def _complete(self) -> bool:
        """Whether the shell runs: the child becomes it as the last thing, after it has cut its mounts off from ours."""
        return [Path(f"/proc/{child}/comm").read_text() for child in self._children()] == ["sh\n"]

    def _children(self) -> list[str]:
        return Path(f"/proc/{self._outside.pid}/task/{self._outside.pid}/children").read_text().split()

    def _plug_in(self, network: Network) -> None:
        cable = self._cable
        _run(["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", self._inside])
        _run(["ip", "address", "add", f"{network.host}/{network.cable.prefixlen}", "dev", cable])
        _run(["ip", "link", "set", cable, "up"])
        for destination in (network.pods, network.services):
            _run(["ip", "route", "add", str(destination), "via", str(network.node)])


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        failed = subprocess.CalledProcessError(done.returncode, command)
        failed.add_note(done.stdout)
        raise failed
    return done.stdout
