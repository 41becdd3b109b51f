"""A node that runs real pods: kubelet, containerd, runc and kube-proxy, in Linux namespaces of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from cluster.certificates import Credentials
from cluster.cgroups import cgroup_name, make_cgroup, remove_cgroup, remove_stale_cgroups
from cluster.control_plane import ControlPlane
from cluster.images import BUSYBOX, busybox_archive
from cluster.namespaces import IMAGES, Namespaces
from cluster.processes import Process, wait_until
from cluster.requirements import Unavailable, require, require_root
from cluster.tools import kubernetes_programs
from images.image_store import share_with_node

PROGRAMS = ("containerd", "runc", "ctr", "nft", "ip", "unshare", "nsenter", "busybox")
_PLUGINS = Path("/usr/lib/cni")
_CTR = ("ctr", "--namespace=k8s.io")
_PAUSE = "registry.k8s.io/pause:3.6"

_CONTAINERD = """\
version = 2
[plugins."io.containerd.grpc.v1.cri"]
restrict_oom_score_adj = true
sandbox_image = "{pause}"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{network}"
"""


def require_node() -> None:
    """Raise `Unavailable` where no node can run."""
    require_root()
    require([*PROGRAMS, *(str(_PLUGINS / plugin) for plugin in ("bridge", "host-local", "loopback"))])


def can_have_node() -> bool:
    """Whether a node can run on this machine, by this user."""
    try:
        require_node()
    except Unavailable:
        return False
    return True


class Node:
    """The node of a local cluster; its programs end with the cluster's processes."""

    name = "node"

    def __init__(self, control_plane: ControlPlane, images: Path | None = None) -> None:
        """`images` is the store that it has them of from the start; see images/image_store.py."""
        require_node()
        remove_stale_cgroups()
        self._control_plane = control_plane
        self._folder = control_plane.folder / self.name
        self._folder.mkdir()
        self._programs = kubernetes_programs()
        self._cgroup = cgroup_name(control_plane.network.cable_name)
        make_cgroup(self._cgroup)
        self._namespaces = Namespaces(control_plane.processes, self._folder, control_plane.network, images)
        if images is not None:
            share_with_node(images, self._folder / "lib" / "containerd", seen_as=IMAGES)

    def start(self) -> None:
        """Start it and wait until it takes pods. Raises `DidNotComeUp`."""
        containerd = self._start("containerd", ["containerd", f"--config={self._containerd_configuration()}"])
        wait_until(lambda: self._namespaces.succeeds([*_CTR, "version"]), "containerd", containerd)
        self.load_image(busybox_archive(self._folder / "busybox.tar", [BUSYBOX, _PAUSE]))
        kubelet = self._start("kubelet", self._kubelet_command())
        proxy = self._start("kube-proxy", [self._programs / "kube-proxy", f"--config={self._proxy_configuration()}"])
        wait_until(self._ready, "the node", kubelet, proxy, containerd)

    def load_image(self, archive: Path) -> None:
        """Bring the images of a docker or OCI archive to the node."""
        self._namespaces.run([*_CTR, "images", "import", "--snapshotter=overlayfs", archive])

    def name_image(self, image: str, name: str) -> None:
        """Give an image that is on the node another name, by which it then is there as well."""
        self._namespaces.run([*_CTR, "images", "tag", image, name])

    def clean_up(self) -> None:
        """Remove what outlives its killed processes."""
        self._namespaces.wait_until_gone()
        remove_cgroup(self._cgroup)

    def _ready(self) -> bool:
        ready = "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status}"
        return self._control_plane.kubectl.attempt("get", "node", self.name, ready) == "True"

    def _start(self, name: str, command: Sequence[str | Path]) -> Process:
        # They end with the namespaces. If their parents here were killed, they would be orphans of this machine's first
        # process, and the namespaces would wait until that, if ever, collects them.
        command = self._namespaces.command(command)
        return self._control_plane.processes.start(name, command, ends_with_others=True)

    def _containerd_configuration(self) -> Path:
        network = self._folder / "network"
        network.mkdir()
        addresses = {"type": "host-local", "ranges": [[{"subnet": str(self._control_plane.network.pods)}]]}
        bridge = {
            "type": "bridge",
            "bridge": "pods",
            "isGateway": True,
            "hairpinMode": True,  # a pod may reach itself by a service
            "ipam": addresses | {"routes": [{"dst": "0.0.0.0/0"}]},
        }
        bridges = {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}
        (network / "pods.conflist").write_text(json.dumps(bridges))
        return self._write("containerd.toml", _CONTAINERD.format(pause=_PAUSE, plugins=_PLUGINS, network=network))

    def _kubelet_command(self) -> list[str | Path]:
        user = self._control_plane.authority.issue("kubelet", f"system:node:{self.name}", groups=["system:nodes"])
        configuration = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {"x509": {"clientCAFile": str(self._control_plane.authority.own.certificate)}},
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            # There is no name server within the pods' reach: at this address a look-up is refused at once.
            "clusterDNS": [str(self._control_plane.network.host)],
            "resolvConf": str(self._write("resolv.conf", "")),
            "cgroupRoot": f"/{self._cgroup}",
            "cgroupDriver": "cgroupfs",
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "localStorageCapacityIsolation": False,
            # A disk that is rather full is no reason to evict pods, or to delete images that can't be pulled again.
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
            "imageGCHighThresholdPercent": 100,
        }
        return [
            self._programs / "kubelet",
            f"--config={self._write('kubelet.yaml', yaml.safe_dump(configuration))}",
            f"--kubeconfig={self._kubeconfig('kubelet', user)}",
            f"--hostname-override={self.name}",
            f"--node-ip={self._control_plane.network.node}",
        ]

    def _proxy_configuration(self) -> Path:
        user = self._control_plane.authority.issue("kube-proxy", "system:kube-proxy")
        configuration = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self._kubeconfig("kube-proxy", user))},
            "hostnameOverride": self.name,
            "mode": "nftables",
            "clusterCIDR": str(self._control_plane.network.pods),
            "conntrack": {"maxPerCore": 0},
        }
        return self._write("kube-proxy.yaml", yaml.safe_dump(configuration))

    def _kubeconfig(self, component: str, user: Credentials) -> Path:
        host = str(self._control_plane.network.host)
        return self._control_plane.kubeconfig_for(f"{component}.kubeconfig", user, host=host)

    def _write(self, name: str, content: str) -> Path:
        path = self._folder / name
        path.write_text(content)
        return path
