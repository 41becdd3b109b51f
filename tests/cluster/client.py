"""A Kubernetes cluster as tests use it, wherever it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cluster.commands import Command
from cluster.kwok import KwokNodes
from cluster.processes import Processes
from cluster.requirements import Unavailable
from cluster.tools import helm, kubectl


class Cluster:
    """The cluster that `kubeconfig` leads to, with an administrator's rights.

    `kubectl(…)` and `helm(…)` run these programs on it and return what they print. `folder` is for the files, and
    `processes` are the programs, of what runs here for it. Used in a `with`, it is stopped at the end.
    """

    def __init__(self, kubeconfig: Path, folder: Path, processes: Processes) -> None:
        self.kubeconfig = kubeconfig
        self.folder = folder
        self.processes = processes
        self.kubectl = Command(kubectl(), kubeconfig)
        self.helm = Command(helm(), kubeconfig)

    def apply(self, *objects: Mapping[str, Any], namespace: str = "default") -> None:
        """Apply these objects, server-side. Raises `CommandFailed`."""
        items = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("apply", "--server-side", f"--namespace={namespace}", "--filename=-", stdin=items)

    def add_kwok_nodes(
        self,
        name: str = "kwok",
        *,
        count: int = 1,
        pod_seconds: float | None = 1,
        capacity: Mapping[str, str] | None = None,
    ) -> KwokNodes:
        """Add nodes that play their pods (`KwokNodes` says how); they are played until the cluster is stopped."""
        nodes = KwokNodes(self.kubectl, self.folder, self.processes, name)
        nodes.start(count, pod_seconds, capacity or {})
        return nodes

    def load_image(self, archive: Path) -> None:
        """Bring the images of a docker or OCI archive to the node. Raises `Unavailable` where it isn't ours."""
        raise Unavailable(f"{archive.name} can't be loaded: the cluster's nodes were not started here")

    def stop(self) -> None:
        """End all that was started here for it. Can be repeated."""
        self.processes.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
