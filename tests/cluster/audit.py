"""What the API server notes of one user's writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

WRITES = ["create", "update", "patch", "delete", "deletecollection"]


class Audit:
    """An audit log of what one user writes; `options` are for the API server, which writes it to `folder`."""

    def __init__(self, folder: Path, user: str) -> None:
        self._log = folder / "audit.log"
        policy = folder / "audit-policy.yaml"
        rules = [{"level": "Metadata", "users": [user], "verbs": WRITES}, {"level": "None"}]
        policy.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "audit.k8s.io/v1",
                    "kind": "Policy",
                    "omitStages": ["RequestReceived", "ResponseStarted"],
                    "rules": rules,
                }
            )
        )
        self.options: Sequence[str] = [f"--audit-policy-file={policy}", f"--audit-log-path={self._log}"]

    def writes(self) -> Counter[str]:
        """How many there were, by verb and resource: `create jobs`, `patch proxystudies/status`."""
        found: Counter[str] = Counter()
        for line in self._log.read_text().splitlines() if self._log.exists() else ():
            event = json.loads(line)
            about = event["objectRef"]
            what = "/".join(filter(None, [about["resource"], about.get("subresource")]))
            found[f"{event['verb']} {what}"] += 1
        return found
