"""The files by which clients find and trust the API server."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from cluster.certificates import Credentials


def write_kubeconfig(path: Path, server: str, authority: Path, credentials: Credentials) -> Path:
    """A kubeconfig for these credentials, complete in itself; only its owner may read it."""

    def inline(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    user = {"client-certificate-data": inline(credentials.certificate), "client-key-data": inline(credentials.key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "assay", "cluster": {"server": server, "certificate-authority-data": inline(authority)}}],
        "users": [{"name": "assay", "user": user}],
        "contexts": [{"name": "assay", "context": {"cluster": "assay", "user": "assay"}}],
        "current-context": "assay",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config))
    return path
