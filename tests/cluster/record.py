"""All that the API server has stored, in its order: read from etcd, so nothing is missed while it is away."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Collection
from http.client import HTTPResponse
from typing import Any, NamedTuple

from cluster.processes import wait_until

STORED_AS_JSON = "--storage-media-type=application/json"
"""The API server's option without which etcd holds what only the API server can read."""

_SENTINEL = "/assay-test/"
_EVERYTHING = base64.b64encode(b"\0").decode()


class Change(NamedTuple):
    """An object as it was stored, or that it was removed (None).

    `revision` grows from change to change, over all objects. `at` is when it was read here, milliseconds later (Unix
    seconds).
    """

    revision: int
    at: float
    kind: str
    namespace: str
    name: str
    manifest: dict[str, Any] | None


class Record:
    """Follows the objects of some kinds (their plurals) for as long as a `with` block lasts.

    Of a pod, and of a Job's pod template, the spec is left out.
    """

    def __init__(self, etcd: str, kinds: Collection[str]) -> None:
        """`etcd` is the URL of an etcd whose API server has the option STORED_AS_JSON."""
        self._etcd = etcd
        self._kinds = frozenset(kinds)
        self._changes: list[Change] = []
        self._sentinels: set[str] = set()
        self._failed: str | None = None
        self._ending = False
        self._stream = self._open()
        self._thread = threading.Thread(target=self._follow, name="record", daemon=True)

    def changes(self) -> list[Change]:
        """What is known so far; may be asked for at any time."""
        return list(self._changes)

    def catch_up(self) -> None:
        """Wait until everything is known that was stored before. Raises RuntimeError where the record has ended."""
        sentinel = f"{_SENTINEL}{uuid.uuid4().hex}"
        _post(f"{self._etcd}/v3/kv/put", {"key": _text(sentinel), "value": ""}).close()
        wait_until(lambda: sentinel in self._sentinels or self._failed is not None, "the record of etcd")
        if self._failed is not None:
            raise RuntimeError(f"the record of etcd has ended: {self._failed}")

    def __enter__(self) -> Record:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        _post(f"{self._etcd}/v3/kv/put", {"key": _text(_SENTINEL), "value": ""}).close()
        self._thread.join(10)
        self._stream.close()

    def _open(self) -> HTTPResponse:
        watch = {"key": _EVERYTHING, "range_end": _EVERYTHING, "start_revision": 1}
        return _post(f"{self._etcd}/v3/watch", {"create_request": watch})

    def _follow(self) -> None:
        try:
            while not self._ending and (line := self._stream.readline()):
                now = time.time()
                result = json.loads(line)["result"]
                if result.get("canceled"):
                    raise RuntimeError(result.get("cancel_reason"))
                for event in result.get("events", ()):
                    self._take(event, now)
            if not self._ending:
                raise RuntimeError("etcd closed it")
        except Exception as error:  # noqa: BLE001 - told to whoever reads the record
            self._failed = repr(error)

    def _take(self, event: dict[str, Any], now: float) -> None:
        stored = event["kv"]
        key = base64.b64decode(stored["key"]).decode()
        if key.startswith(_SENTINEL):
            self._sentinels.add(key)
            return
        # /registry/pods/NAMESPACE/NAME; custom resources have their group before their plural.
        steps = key.split("/")
        if len(steps) < 5 or steps[-3] not in self._kinds:
            return
        *_, kind, namespace, name = steps
        manifest = None
        if event.get("type") != "DELETE":
            manifest = _lean(json.loads(base64.b64decode(stored["value"])))
        self._changes.append(Change(int(stored["mod_revision"]), now, kind, namespace, name, manifest))


def _lean(manifest: dict[str, Any]) -> dict[str, Any]:
    manifest["metadata"].pop("managedFields", None)
    match manifest["kind"]:
        case "Pod":
            del manifest["spec"]
        case "Job":
            manifest["spec"].pop("template", None)
    return manifest


def _post(url: str, body: dict[str, Any]) -> HTTPResponse:
    answer = urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()))
    assert isinstance(answer, HTTPResponse)
    return answer


def _text(key: str) -> str:
    return base64.b64encode(key.encode()).decode()
