"""etcd, API server, controller manager and scheduler: all of a cluster except nodes, and no root needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cluster.certificates import Authority, Credentials
from cluster.commands import Command
from cluster.kubeconfig import write_kubeconfig
from cluster.network import Network, free_ports
from cluster.processes import Process, Processes, wait_until
from cluster.tools import kubectl, kubernetes_programs

# Their own limits of 20 and 50 requests a second would be what a load test measures.
_QUICK = ["--kube-api-qps=500", "--kube-api-burst=1000"]


@dataclass
class ControlPlane:
    """Processes on loopback, all their files in one folder.

    With `reachable_from_pods` the API server listens on all addresses, behind its client certificates.
    `api_server_options` are further ones of kube-apiserver's command line, such as an audit log.
    """

    folder: Path
    network: Network
    processes: Processes
    reachable_from_pods: bool = False
    api_server_options: Sequence[str] = ()
    authority: Authority = field(init=False)
    kubeconfig: Path = field(init=False)
    kubectl: Command = field(init=False)
    controller_manager: Process = field(init=False)

    def __post_init__(self) -> None:
        self._programs = kubernetes_programs()
        self._etcd_port, self._peer_port, self._port = free_ports(3)
        self.authority = Authority.create(self.folder / "certificates")
        self._administrator = self.authority.issue("administrator", "administrator", groups=["system:masters"])
        self._serving = self._serving_certificate()
        self._service_accounts = self.authority.issue("service-accounts", "service-accounts")
        self.kubeconfig = self.kubeconfig_for("kubeconfig", self._administrator)
        self.kubectl = Command(kubectl(), self.kubeconfig)

    def _serving_certificate(self) -> Credentials:
        names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        addresses = ["127.0.0.1", self.network.host, self.network.api_service]
        hosts = [*(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses)]
        return self.authority.issue("api-server", "kube-apiserver", hosts=hosts)

    @property
    def etcd(self) -> str:
        """URL by which etcd is reached, without credentials."""
        return f"http://127.0.0.1:{self._etcd_port}"

    def kubeconfig_for(self, name: str, credentials: Credentials, *, host: str = "127.0.0.1") -> Path:
        """A file in the cluster's folder by which the owner of these credentials reaches the API server."""
        server = f"https://{host}:{self._port}"
        return write_kubeconfig(self.folder / name, server, self.authority.own.certificate, credentials)

    def start(self) -> None:
        """Start all, and wait until Pods can be created. Raises `DidNotComeUp`."""
        etcd = self._start_etcd()
        self._api_server = self._start_api_server()
        self._wait_until_ready(etcd, self._api_server)
        self.controller_manager = manager = self._start_controller_manager()
        scheduler = self._start_scheduler()
        # Without this account of theirs, which the controller manager makes, Pods are refused.
        account = ["get", "serviceaccount", "default", "--namespace=default"]
        wait_until(lambda: self.kubectl.attempt(*account) != "", "the controller manager", manager, scheduler)

    def stop_api_server(self, *, kill: bool = False) -> None:
        """Stop the API server, or kill it, and leave everything else as it is."""
        self._api_server.terminate(kill=kill)

    def start_api_server(self) -> None:
        """Start the API server again, at the same address, and wait until it is ready. Raises `DidNotComeUp`."""
        self._api_server = self._start_api_server()
        self._wait_until_ready(self._api_server)

    def _wait_until_ready(self, *processes: Process) -> None:
        wait_until(lambda: self.kubectl.attempt("get", "--raw=/readyz") == "ok", "the API server", *processes)

    def _start_etcd(self) -> Process:
        client, peer = self.etcd, f"http://127.0.0.1:{self._peer_port}"
        options = [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        return self.processes.start("etcd", [self._programs / "etcd", *options])

    def _start_api_server(self) -> Process:
        options = [
            f"--etcd-servers={self.etcd}",
            f"--bind-address={'0.0.0.0' if self.reachable_from_pods else '127.0.0.1'}",
            f"--secure-port={self._port}",
            f"--advertise-address={self.network.host}",
            f"--service-cluster-ip-range={self.network.services}",
            f"--tls-cert-file={self._serving.certificate}",
            f"--tls-private-key-file={self._serving.key}",
            f"--client-ca-file={self.authority.own.certificate}",
            f"--service-account-key-file={self._service_accounts.certificate}",
            f"--service-account-signing-key-file={self._service_accounts.key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--kubelet-client-certificate={self._administrator.certificate}",
            f"--kubelet-client-key={self._administrator.key}",
            "--kubelet-preferred-address-types=InternalIP",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            "--shutdown-watch-termination-grace-period=1s",
            *self.api_server_options,
        ]
        return self.processes.start("kube-apiserver", [self._programs / "kube-apiserver", *options])

    def _start_controller_manager(self) -> Process:
        options = [
            f"--kubeconfig={self._client('kube-controller-manager')}",
            f"--root-ca-file={self.authority.own.certificate}",
            f"--service-account-private-key-file={self._service_accounts.key}",
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--secure-port=0",
            *_QUICK,
        ]
        return self.processes.start("kube-controller-manager", [self._programs / "kube-controller-manager", *options])

    def _start_scheduler(self) -> Process:
        options = [f"--kubeconfig={self._client('kube-scheduler')}", "--leader-elect=false", "--secure-port=0", *_QUICK]
        return self.processes.start("kube-scheduler", [self._programs / "kube-scheduler", *options])

    def _client(self, component: str) -> Path:
        return self.kubeconfig_for(f"{component}.kubeconfig", self.authority.issue(component, f"system:{component}"))
