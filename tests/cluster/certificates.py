"""A certificate authority for one cluster, with the openssl program."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_DAYS = "30"
_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclass(frozen=True)
class Credentials:
    """A certificate and its private key: PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """Issues the certificates by which the parts of a cluster know each other."""

    folder: Path
    own: Credentials

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """A new authority whose files are all in this folder."""
        folder.mkdir(mode=0o700, parents=True)
        own = _files(folder, "ca")
        request = ["req", "-x509", *_NEW_KEY, "-days", _DAYS, "-subj", "/CN=assay-test"]
        _openssl(*request, "-keyout", own.key, "-out", own.certificate)
        return cls(folder, own)

    def issue(self, name: str, user: str, *, groups: Sequence[str] = (), hosts: Sequence[str] = ()) -> Credentials:
        """For a client that is this user in these groups, or a server with these addresses (`IP:…`, `DNS:…`)."""
        issued = _files(self.folder, name)
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.extensions"
        usage = "extendedKeyUsage=clientAuth,serverAuth\n"
        extensions.write_text(usage + (f"subjectAltName={','.join(hosts)}\n" if hosts else ""))
        _openssl("req", "-new", *_NEW_KEY, "-subj", subject, "-keyout", issued.key, "-out", request)
        signing: list[str | Path] = [
            "-CA",
            self.own.certificate,
            "-CAkey",
            self.own.key,
            "-CAcreateserial",
            "-days",
            _DAYS,
        ]
        _openssl("x509", "-req", "-in", request, *signing, "-extfile", extensions, "-out", issued.certificate)
        return issued


def _files(folder: Path, name: str) -> Credentials:
    return Credentials(folder / f"{name}.crt", folder / f"{name}.key")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
