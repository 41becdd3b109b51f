"""A cluster of our own whose pods kwok and the player play, with results in a real S3 server: for chaos and scale."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from assay.kube import Kube
from builders.datasets import tiny_dataset
from builders.s3_faults import FaultyS3
from builders.s3_server import BUCKET, S3Server
from cluster.kwok import KwokNodes
from cluster.local import LocalCluster, start_control_plane
from cluster.record import STORED_AS_JSON, Record
from controller.operators import Operators, RunningOperator
from controller.team import Team

CRDS = Path(__file__).parents[2] / "crds"
TESTS = Path(__file__).parents[1]


class Noted(NamedTuple):
    """What the player noted: when (Unix seconds), what, of which attempt."""

    at: float
    what: str
    key: str
    attempt: int


@dataclass
class Playground:
    """`s3` is the server itself, `faulty` the proxy through which operators reach it."""

    folder: Path
    cluster: LocalCluster
    record: Record
    nodes: KwokNodes
    s3: S3Server
    faulty: FaultyS3
    kube: Kube
    operators: Operators
    dataset: str

    def team(self, namespace: str) -> Team:
        """Make a team with a namespace of its own."""
        self.cluster.kubectl("create", "namespace", namespace)
        account = ("wait", f"--namespace={namespace}", "--for=create", "serviceaccount/default", "--timeout=30s")
        self.cluster.kubectl(*account)
        return Team(self.cluster, self.kube, namespace, self.dataset)

    def start_player(self, *options: str) -> None:
        """Start the player of pods; see `controller.player`."""
        paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**self.s3.environment, "PYTHONPATH": os.pathsep.join(paths)}
        words = [f"{name}={value}" for name, value in environment.items()]
        place = [f"--kubeconfig={self.cluster.kubeconfig}", f"--log={self.folder / 'player.jsonl'}"]
        command = ["env", *words, sys.executable, "-m", "controller.player", *place, *options]
        self.cluster.processes.start("player", command)

    def noted(self) -> list[Noted]:
        """Return what the player has noted so far."""
        log = self.folder / "player.jsonl"
        return [Noted(*json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []

    def launch_operator(self, variables: Mapping[str, str] | None = None) -> RunningOperator:
        """Start an operator for all namespaces and return it; it need not be ready yet."""
        template = self.folder / "kwok-pods.yaml"
        where = {"nodeSelector": self.nodes.node_selector, "tolerations": self.nodes.tolerations}
        template.write_text(yaml.safe_dump(where))
        settings = {
            **self.s3.environment,
            "AWS_ENDPOINT_URL_S3": self.faulty.endpoint,
            "ASSAY_STORE": f"s3://{BUCKET}/results",
            "ASSAY_POD_TEMPLATE": str(template),
        }
        return self.operators.launch({**settings, **(variables or {})})


@contextmanager
def playground(folder: Path, *, api_server_options: Sequence[str] = ()) -> Iterator[Playground]:
    """Start the whole playground and keep it for as long as the block lasts."""
    with ExitStack() as stack:
        options = [STORED_AS_JSON, *api_server_options]
        cluster = stack.enter_context(start_control_plane(folder / "cluster", api_server_options=options))
        record = stack.enter_context(Record(cluster.control_plane.etcd, ["jobs", "pods", "proxystudies"]))
        (folder / "s3").mkdir()
        s3 = stack.enter_context(S3Server(folder / "s3"))
        faulty = stack.enter_context(FaultyS3(s3))
        (folder / "operators").mkdir()
        operators = stack.enter_context(Operators.of(cluster.kubeconfig, folder / "operators", ""))
        cluster.kubectl("apply", "--server-side", "--filename", CRDS)
        cluster.kubectl("wait", "--for=condition=Established", "--filename", CRDS, "--timeout=30s")
        nodes = cluster.add_kwok_nodes(pod_seconds=None)
        kube = Kube.from_kubeconfig(cluster.kubeconfig)
        stack.callback(kube.close)
        (folder / "dataset").mkdir()
        dataset = tiny_dataset(folder / "dataset").manifest
        yield Playground(folder, cluster, record, nodes, s3, faulty, kube, operators, dataset)


def wait_for(holds: Any, what: str, seconds: float) -> None:
    """Wait until something holds, looking twice a second. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"not in {seconds:.0f} s: {what}")
        time.sleep(0.5)
