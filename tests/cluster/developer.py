"""`make cluster` and `make cluster-down`: a cluster that stays until it is taken down, for developers."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import yaml

from builders.s3_server import S3Server
from cluster.cgroups import remove_stale_cgroups
from cluster.installation import Installation
from cluster.local import LocalCluster, start_control_plane
from cluster.node import can_have_node
from cluster.progress import Progress
from cluster.requirements import Unavailable
from cluster.tools import kubectl, kubernetes_programs
from images.built import built_images

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".assay" / "cluster"
KEEPER = FOLDER / "keeper.pid"
READY = FOLDER / "ready"
TEAM = "default"
"""The namespace for studies: that of kubectl, unless it is told another."""

USE = """\
The cluster is up; `make cluster-down` removes it.

  export KUBECONFIG={kubeconfig} PATH={programs}:$PATH
"""

USE_STORE = """\
{exports}
  kubectl get pods --namespace assay-system         # the operator, installed with helm as release `assay`
  helm test assay --namespace assay-system

Assay is installed. Its store is {store} in an S3 server on this machine; studies may be applied to the
namespace `default`, whose Secret `assay-s3` has the trials' credentials. Go on with docs/first-study-on-a-cluster.md.
"""

WITHOUT = "Assay is not installed, and pods stay pending, since the cluster {why}.\n"


def up() -> None:
    """Start the process that keeps the cluster, wait until the cluster is ready, say how to use it."""
    kubernetes_programs()
    with suppress(Unavailable):
        built_images()  # here, where what takes minutes is seen
    if not _keeper_runs():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        with (FOLDER / "keeper.log").open("wb") as log:
            command = [sys.executable, "-m", "cluster.developer", "keep"]
            keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        KEEPER.write_text(str(keeper.pid))
        with Progress() as progress:
            while not READY.exists():
                if keeper.poll() is not None:
                    sys.exit((FOLDER / "keeper.log").read_text())
                progress.show("the cluster starts, and Assay is installed")
                time.sleep(0.1)
    print(READY.read_text())


def keep() -> None:
    """Have a cluster until SIGTERM comes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as running:
        cluster = running.enter_context(start_control_plane(FOLDER / "state", reachable_from_pods=can_have_node()))
        programs = f"{kubectl().parent}:{Path(sys.executable).parent}"
        said = USE.format(kubeconfig=cluster.kubeconfig, programs=programs)
        try:
            said += furnish(cluster, running)
        except Unavailable as unavailable:
            for file in sorted((ROOT / "crds").glob("*.yaml")):
                cluster.apply(yaml.safe_load(file.read_text()))
            said += "\n" + WITHOUT.format(why=unavailable)
        part = READY.with_suffix(".part")
        part.write_text(said)
        part.rename(READY)
        signal.pause()


def furnish(cluster: LocalCluster, running: ExitStack) -> str:
    """Give it a node, an S3 server and Assay, and say how to use them. Raises `Unavailable`."""
    images = built_images()
    cluster.add_node(images.store)
    (FOLDER / "s3").mkdir()
    s3 = running.enter_context(S3Server(FOLDER / "s3", bind="0.0.0.0", teams=[TEAM]))
    installation = Installation(cluster, images, s3)
    installation.make_team(TEAM)
    installation.install()
    variables = {name: value for name, value in installation.environment.items() if name != "KUBECONFIG"}
    exports = "".join(f"  export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    return USE_STORE.format(exports=exports, store=installation.store)


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
