"""A real S3 server (SeaweedFS) on ports of its own; it checks signatures and rights."""

from __future__ import annotations

import json
import os
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cluster.network import free_ports
from cluster.processes import Process, Processes, wait_until

BUCKET = "assay"
ACCESS_KEY, SECRET_KEY = "assay-tests", "a secret of the tests"
READER_ACCESS_KEY, READER_SECRET_KEY = "assay-reader", "a secret of the reader"
"""A user who may read and list the bucket, but not write."""
DATASETS, RESULTS = "datasets", "results"
"""Prefixes in the bucket: of data sets for all, and of results, with one below it for each namespace."""

SOCKETS = Path("/tmp")
"""Where SeaweedFS puts a socket for each of its ports, and leaves it when it is killed."""

_OPTIONS = [f"{part}.port{kind}" for part in ("s3", "master", "volume", "filer", "admin") for kind in ("", ".grpc")]
_PROBE = "readiness"  # a bucket of its own, so that the first test finds the other one empty


def ports_for_a_server(count: int, sockets: Path, user: int) -> list[int]:
    """Return free ports, but none whose socket belongs to another user: a server can't take such a port, nor can its
    socket be removed."""
    left = [socket for socket in sockets.glob("seaweedfs-*-*.sock") if socket.lstat().st_uid != user]
    others = {socket.stem.rpartition("-")[2] for socket in left}
    found: list[int] = []
    while len(found) < count:
        found += [port for port in free_ports(count - len(found)) if str(port) not in others and port not in found]
    return found


class S3Server:
    """One bucket, and what is in it, in `folder`. As a context manager it runs until the block ends."""

    def __init__(self, folder: Path, *, bind: str = "127.0.0.1", teams: Sequence[str] = ()) -> None:
        """Prepare a server that is reached at the address `bind`; 0.0.0.0 stands for all. Pods use their bridge's.

        `teams` are namespaces that have their own credentials; see `team_credentials`.
        """
        self._folder = folder
        self._bind = bind
        self._ports = dict(zip(_OPTIONS, ports_for_a_server(len(_OPTIONS), SOCKETS, os.geteuid()), strict=True))
        self._processes = Processes(folder / "logs")
        self._process: Process | None = None
        (folder / "data").mkdir()
        (folder / "identities.json").write_text(json.dumps({"identities": _identities(teams)}))

    @property
    def port(self) -> int:
        return self._ports["s3.port"]

    @property
    def endpoint(self) -> str:
        """URL, as this machine reaches it."""
        return f"http://{self._address}:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that a process needs to use it through boto3, and none that this machine happens to have set."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def client(self) -> Any:
        """Return boto3's own client, for what Assay's object layer does not do."""
        return boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1").client(
            "s3", endpoint_url=self.endpoint, config=Config(retries={"total_max_attempts": 1})
        )

    def start(self) -> None:
        """Start it, on the same ports and with the same objects as before, and wait until it takes writes."""
        ports = [f"-{option}={port}" for option, port in self._ports.items()]
        self._process = self._processes.start(
            "weed",
            [
                Path(sysconfig.get_path("scripts")) / "weed",
                "mini",
                f"-dir={self._folder / 'data'}",
                f"-ip={self._address}",
                f"-ip.bind={self._bind}",
                f"-s3.config={self._folder / 'identities.json'}",
                f"-bucket={BUCKET},{_PROBE}",
                "-s3.autoCreateBucket=false",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-webdav=false",
                "-admin.ui=false",
                "-master.telemetry=false",
                *ports,
            ],
        )
        wait_until(self._takes_writes, "the S3 server", self._process)

    def stop(self) -> None:
        """Kill it: whoever calls it finds nobody listening. What was written stays."""
        if self._process is not None:
            self._process.terminate(kill=True)
            self._process = None
        for port in self._ports.values():
            for socket in SOCKETS.glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink()

    def __enter__(self) -> S3Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._processes.kill()

    @property
    def _address(self) -> str:
        return "127.0.0.1" if self._bind == "0.0.0.0" else self._bind

    def _takes_writes(self) -> bool:
        try:
            client = self.client()
            client.put_object(Bucket=_PROBE, Key="probe", Body=b"")
            client.head_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            return False
        return True


def team_credentials(namespace: str) -> dict[str, str]:
    """Return the variables of a team that may read data sets and use what its namespace has in the store."""
    return {"AWS_ACCESS_KEY_ID": f"team-{namespace}", "AWS_SECRET_ACCESS_KEY": f"a secret of {namespace}"}


def _identities(teams: Sequence[str]) -> list[dict[str, Any]]:
    def identity(name: str, access: str, secret: str, *actions: str) -> dict[str, Any]:
        return {"name": name, "credentials": [{"accessKey": access, "secretKey": secret}], "actions": actions}

    def of_team(namespace: str) -> dict[str, Any]:
        own = f"{BUCKET}/{RESULTS}/{namespace}/*"
        rights = [f"Read:{BUCKET}/{DATASETS}/*", f"Read:{own}", f"Write:{own}", f"List:{own}"]
        return identity(namespace, *team_credentials(namespace).values(), *rights)

    return [
        identity("tests", ACCESS_KEY, SECRET_KEY, "Admin"),
        identity("reader", READER_ACCESS_KEY, READER_SECRET_KEY, f"Read:{BUCKET}", f"List:{BUCKET}"),
        *map(of_team, teams),
    ]
