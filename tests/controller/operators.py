"""The operator as a process of its own, as in its image."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

from cluster.network import free_ports
from cluster.processes import Process, Processes, wait_until

DATA_SETS = Path(gettempdir()).resolve().as_uri()
"""What operators may read data sets below: tests have them in folders of their own."""

_NOWHERE = "nodeSelector: {assay.test/played: 'true'}\n"
"""Where its pods go: to no node, since tests play them."""


@dataclass
class Operators:
    """Starts operators for a namespace, or for all (""). Used in a `with`, at whose end all are killed."""

    kubeconfig: Path
    folder: Path
    namespace: str
    store: Path
    processes: Processes
    started: list[RunningOperator] = field(default_factory=list)

    @classmethod
    def of(cls, kubeconfig: Path, folder: Path, namespace: str) -> Operators:
        """Make operators that have their store and logs in the folder."""
        store = folder / "store"
        store.mkdir()
        return cls(kubeconfig, folder, namespace, store, Processes(folder / "logs"))

    def __enter__(self) -> Operators:
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.kill()

    def start(self, variables: Mapping[str, str] | None = None) -> RunningOperator:
        """Start one, and wait until it is well."""
        operator = self.launch(variables)
        wait_until(operator.is_well, operator.process.name, operator.process, within_seconds=30)
        return operator

    def launch(self, variables: Mapping[str, str] | None = None) -> RunningOperator:
        """Start one that may not get far."""
        template = self.folder / "pod-template.yaml"
        template.write_text(_NOWHERE)
        health, metrics = free_ports(2)
        environment = {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "ASSAY_STORE": self.store.as_uri(),
            "ASSAY_NAMESPACES": self.namespace,
            "ASSAY_DATASETS": DATA_SETS,
            "ASSAY_TRAINER_IMAGE": "registry.example/assay-trainer:1",
            "ASSAY_POD_TEMPLATE": str(template),
            "ASSAY_LISTEN_HEALTH": str(health),
            "ASSAY_LISTEN_METRICS": str(metrics),
            **(variables or {}),
        }
        words = [f"{name}={value}" for name, value in environment.items()]
        name = f"operator-{len(self.started)}"
        process = self.processes.start(name, ["env", "-i", *words, sys.executable, "-m", "assay.controller"])
        operator = RunningOperator(process, health, metrics)
        self.started.append(operator)
        return operator


@dataclass(frozen=True)
class RunningOperator:
    """An operator that runs, and its ports."""

    process: Process
    health: int
    metrics: int

    def is_well(self) -> bool:
        try:
            return _get(f"http://127.0.0.1:{self.health}/healthz").startswith("{")
        except OSError:
            return False

    def scrape(self) -> str:
        """Return what Prometheus would read."""
        return _get(f"http://127.0.0.1:{self.metrics}/metrics")

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.popen.terminate()
        try:
            return self.process.popen.wait(10)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"it did not stop in 10 s; {self.process.tail()}") from error

    def kill(self) -> None:
        """End it as a node's failure would."""
        self.process.popen.kill()
        self.process.popen.wait()

    def log(self) -> str:
        return self.process.log.read_text()


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())
