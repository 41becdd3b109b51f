"""`make cluster` and `make cluster-down`: a cluster that stays until it is taken down, for developers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

from cluster.cgroups import remove_stale_cgroups
from cluster.client import Cluster
from cluster.local import start_control_plane
from cluster.node import can_have_node
from cluster.requirements import Unavailable
from cluster.tools import kubectl, kubernetes_programs

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".assay" / "cluster"
KEEPER = FOLDER / "keeper.pid"
READY = FOLDER / "ready"

USE = """\
The cluster is up; `make cluster-down` removes it.

  export KUBECONFIG={kubeconfig} PATH={programs}:$PATH
  kubectl get nodes; helm list; kubectl assay --help
"""


def up() -> None:
    """Start the process that keeps the cluster, wait until the cluster is ready, say how to use it."""
    kubernetes_programs()
    if not _keeper_runs():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        with (FOLDER / "keeper.log").open("wb") as log:
            command = [sys.executable, "-m", "cluster.developer", "keep"]
            keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        KEEPER.write_text(str(keeper.pid))
        while not READY.exists():
            if keeper.poll() is not None:
                sys.exit((FOLDER / "keeper.log").read_text())
            time.sleep(0.1)
    print(READY.read_text())


def keep() -> None:
    """Have a cluster until SIGTERM comes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with start_control_plane(FOLDER / "state", reachable_from_pods=can_have_node()) as cluster:
        try:
            cluster.add_node()
            without_node = ""
        except Unavailable as unavailable:
            without_node = f"Pods stay pending, since there is no node: it {unavailable}.\n"
        furnish(cluster)
        programs = f"{kubectl().parent}:{Path(sys.executable).parent}"
        said = USE.format(kubeconfig=cluster.kubeconfig, programs=programs) + without_node
        part = READY.with_suffix(".part")
        part.write_text(said)
        part.rename(READY)
        signal.pause()


def furnish(cluster: Cluster) -> None:
    """What a developer's cluster has beside Kubernetes itself: add it here."""
    for file in sorted((ROOT / "crds").glob("*.yaml")):
        cluster.apply(yaml.safe_load(file.read_text()))


def down() -> None:
    """Take the cluster down, and remove all it left."""
    if _keeper_runs():
        os.kill(int(KEEPER.read_text()), signal.SIGTERM)
        while _keeper_runs():
            time.sleep(0.1)
    shutil.rmtree(FOLDER, ignore_errors=True)
    if os.geteuid() == 0:
        remove_stale_cgroups()


def _keeper_runs() -> bool:
    try:
        command = Path(f"/proc/{KEEPER.read_text()}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
    return b"cluster.developer" in command


if __name__ == "__main__":
    {"up": up, "keep": keep, "down": down}[sys.argv[1]]()
