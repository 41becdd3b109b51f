"""Nodes that only play their pods: no containers, and as many of them, as long or short, as a test wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cluster.commands import Command
from cluster.kwok_stages import stages
from cluster.processes import Process, Processes, wait_until
from cluster.tools import kubernetes_programs

LABEL = "assay.test/nodes"
_ANNOTATION = "kwok.x-k8s.io/node"
_CAPACITY = {"cpu": "1k", "memory": "1Ti", "pods": "100k"}


class KwokNodes:
    """A group of such nodes, played by a kwok process of its own.

    Only pods with its `node_selector` and `tolerations` come there. They run at once, and end when a test gives them
    the annotation `kwok_stages.EXIT_CODE`, or else after `pod_seconds`, with 0. The annotation `kwok_stages.MESSAGE`
    is their termination message. A pod that is deleted while it runs fails first, as on a real node.
    """

    def __init__(self, kubectl: Command, folder: Path, processes: Processes, name: str) -> None:
        self.name = name
        self._kubectl = kubectl
        self._folder = folder
        self._processes = processes

    @property
    def node_selector(self) -> dict[str, str]:
        """For a pod's `nodeSelector`."""
        return {LABEL: self.name}

    @property
    def tolerations(self) -> list[dict[str, str]]:
        """For a pod's `tolerations`."""
        return [{"key": LABEL, "operator": "Equal", "value": self.name, "effect": "NoSchedule"}]

    def start(self, count: int, pod_seconds: float | None, capacity: Mapping[str, str]) -> None:
        """Add so many nodes, each with the capacity (over a large one for cpu, memory and pods), and play them."""
        configuration = self._folder / f"{self.name}.yaml"
        configuration.write_text(yaml.safe_dump_all(stages({**_CAPACITY, **capacity}, pod_seconds)))
        nodes = [self._node(f"{self.name}-{index}") for index in range(count)]
        self._kubectl("create", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}))
        options = [
            f"--config={configuration}",
            f"--manage-nodes-with-annotation-selector={_ANNOTATION}={self.name}",
            "--node-lease-duration-seconds=40",  # else a node is NotReady after a minute
        ]
        program: list[str | Path] = [
            kubernetes_programs() / "kwok",
            f"--kubeconfig={self._kubectl.kubeconfig}",
            *options,
        ]
        self._process: Process = self._processes.start(self.name, program)
        ready = "--output=jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"
        wait_until(
            lambda: self._kubectl("get", "nodes", self._selector, ready).split() == ["True"] * count,
            f"the nodes of {self.name}",
            self._process,
        )

    def stop_playing(self) -> None:
        """From here on nothing happens to its nodes and pods, as if the machines were lost."""
        self._process.terminate(kill=True)

    def remove(self) -> None:
        """Remove the nodes, and with them their pods."""
        self.stop_playing()
        self._kubectl("delete", "nodes", self._selector, "--wait=false")

    @property
    def _selector(self) -> str:
        return f"--selector={LABEL}={self.name}"

    def _node(self, name: str) -> dict[str, Any]:
        labels = {LABEL: self.name, "kubernetes.io/hostname": name}
        metadata = {"name": name, "annotations": {_ANNOTATION: self.name}, "labels": labels}
        taint = {"key": LABEL, "value": self.name, "effect": "NoSchedule"}
        return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [taint]}}
