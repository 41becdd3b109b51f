"""The worker of a pod, run as a pod would, without the pod."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from assay_trainer.contract import TerminationMessage, WorkItem, WorkRequest
from assay_trainer.objects import open_objects

TEAM = Path(__file__).parents[1] / "runners"
"""The folder that has the package `team`."""


class Pod:
    """Runs a worker as a pod would."""

    def __init__(self, folder: Path) -> None:
        self.store = open_objects((folder / "store").as_uri())
        self.log = folder / "termination-log"

    def put(self, items: Sequence[WorkItem], at_once: int = 1) -> str:
        request = WorkRequest(store=self.store.uri, items=tuple(items), at_once=at_once)
        self.store.put_if_absent("requests/one.json", request.model_dump_json().encode())
        return f"{self.store.uri}/requests/one.json"

    def start(self, uri: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "assay_trainer.worker", uri, "--preload", f"--path={TEAM}", *options]
        return subprocess.Popen([*command, f"--termination-log={self.log}"], stdout=subprocess.DEVNULL)

    def run(self, *items: WorkItem, at_once: int = 1, options: Sequence[str] = ()) -> int:
        with self.start(self.put(items, at_once), *options) as worker:
            return worker.wait(180)

    @property
    def last_words(self) -> list[TerminationMessage]:
        return [TerminationMessage.model_validate(message) for message in json.loads(self.log.read_text())]
