"""A cluster of our own on this machine: started, used, and gone without a trace."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster.client import Cluster
from cluster.control_plane import ControlPlane
from cluster.network import free_network
from cluster.node import Node
from cluster.processes import Processes
from cluster.requirements import require


class LocalCluster(Cluster):
    """A cluster whose every part is a process of this machine, and every file in `folder`."""

    def __init__(self, control_plane: ControlPlane) -> None:
        super().__init__(control_plane.kubeconfig, control_plane.folder, control_plane.processes)
        self.control_plane = control_plane
        self.node: Node | None = None

    @property
    def host_address(self) -> str:
        """The address by which pods reach what listens on this machine; there as soon as there is a node."""
        return str(self.control_plane.network.host)

    def add_node(self, images: Path | None = None) -> Node:
        """Add the node that runs real pods, and wait until it does. Once for a cluster.

        It has the images of a store (`BuiltImages.store`) from the start.
        Raises `Unavailable` where no node can run (it needs root and some of Debian's packages), `DidNotComeUp`.
        """
        self.node = Node(self.control_plane, images)
        self.node.start()
        return self.node

    def load_image(self, archive: Path) -> None:
        assert self.node is not None, "no node was added"
        self.node.load_image(archive)

    def stop_api_server(self, *, kill: bool = False) -> None:
        """Stop the API server, or kill it, and leave everything else as it is."""
        self.control_plane.stop_api_server(kill=kill)

    def start_api_server(self) -> None:
        """Start the API server again, at the same address, and wait until it answers. Raises `DidNotComeUp`."""
        self.control_plane.start_api_server()

    @contextmanager
    def without_controllers(self) -> Iterator[None]:
        """Meanwhile the controller manager stands still, as one that has too much to do."""
        pid = self.control_plane.controller_manager.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it and remove all it left, except its logs. Can be repeated."""
        super().stop()
        if self.node is not None:
            self.node.clean_up()
            self.node = None
        for file in self.folder.iterdir():
            if file.name != "logs":
                shutil.rmtree(file) if file.is_dir() else file.unlink()


def start_control_plane(
    folder: Path, *, reachable_from_pods: bool = False, api_server_options: Sequence[str] = ()
) -> LocalCluster:
    """A cluster without nodes, as any user, whose files are all in this folder; made where it isn't there.

    To add a node later, it must be `reachable_from_pods`: the API server then listens on all of the machine's
    addresses. `api_server_options` are added to kube-apiserver's. Raises `Unavailable` where it can't be had,
    `DidNotComeUp` with the end of a log.
    """
    require(["openssl"])
    folder.mkdir(parents=True, exist_ok=True)
    processes = Processes(folder / "logs")
    try:
        control_plane = ControlPlane(folder, free_network(), processes, reachable_from_pods, api_server_options)
        control_plane.start()
    except BaseException:
        processes.kill()
        raise
    return LocalCluster(control_plane)
