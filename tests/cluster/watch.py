"""Watching objects of the API, whatever becomes of the connection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config

_AGAIN_SECONDS = 0.2
_QUIET_SECONDS = 300.0


class Api:
    """The API server of a kubeconfig with a client certificate, for what the operator's own client does not do."""

    def __init__(self, kubeconfig: Path, connections: int = 16) -> None:
        found = Configuration()
        load_kube_config(config_file=str(kubeconfig), client_configuration=found)  # type: ignore[no-untyped-call]
        self._server = str(found.host)
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=connections,
            ca_certs=found.ssl_ca_cert,
            cert_file=found.cert_file,
            key_file=found.key_file,
            retries=False,
            timeout=urllib3.Timeout(connect=5, read=30),
        )

    def send(self, method: str, path: str, body: Any = None, content: str = "application/json") -> tuple[int, Any]:
        """HTTP status and JSON of the answer; raises urllib3's HTTPError if there is none."""
        data = None if body is None else json.dumps(body).encode()
        answer = self._pool.request(method, self._server + path, body=data, headers={"Content-Type": content})
        return answer.status, json.loads(answer.data)

    def watch(self, path: str, **query: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Event types and objects, without end: first all that are there, as ADDED; those again after each break."""
        while True:
            try:
                status, listed = self.send("GET", f"{path}?{urlencode(query)}")
                if status == 200:
                    yield from (("ADDED", item) for item in listed["items"])
                    yield from self._follow(path, {**query, "resourceVersion": listed["metadata"]["resourceVersion"]})
            except (urllib3.exceptions.HTTPError, ValueError):
                pass  # the API server is away; ValueError: in the middle of a line
            time.sleep(_AGAIN_SECONDS)

    def _follow(self, path: str, query: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
        url = f"{self._server}{path}?{urlencode({**query, 'watch': 'true'})}"
        timeout = urllib3.Timeout(connect=5, read=_QUIET_SECONDS)
        answer = self._pool.request("GET", url, preload_content=False, timeout=timeout)
        try:
            pending = b""
            for chunk in answer.stream(1 << 16, decode_content=True):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        return
                    yield event["type"], event["object"]
        finally:
            answer.close()
