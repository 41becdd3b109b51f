"""Writing a study's verdicts into the statuses of its hypotheses."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from assay.api.resources import StudyVerdict
from assay.controller.world import World
from assay.kube import HYPOTHESES, Kube, Manifest, NotFound, Refused
from assay.store.together import together

SECONDS_BETWEEN_WRITES = 30.0
"""The least time between writes while the study runs: its verdicts are then provisional."""

TOGETHER = 4
"""How many entries of one study are written at a time."""

MOST_AT_A_TIME = 50
"""How many entries are written while the study runs: of a thousand hypotheses, the rest has to wait for its end."""

_UNPROCESSABLE = 422
_log = logging.getLogger(__name__)


def manager_of(study: str) -> str:
    """Return the field manager of a study's entries: each study owns its own, and can't touch another's."""
    return f"assay-study-{study}"


def outdated(verdicts: Mapping[str, StudyVerdict], hypotheses: Mapping[str, Manifest]) -> dict[str, dict[str, Any]]:
    """Return the entries that have to be written, by the name of the hypothesis.

    First come hypotheses without an entry, then those whose verdict has changed, then those with new figures.
    """
    found: list[tuple[int, str, dict[str, Any]]] = []
    for name, verdict in verdicts.items():
        manifest = hypotheses.get(name)
        if manifest is None:
            continue
        entries = (manifest.get("status") or {}).get("studies") or ()
        current = next((entry for entry in entries if entry["name"] == verdict.name), None)
        wanted = verdict.to_dict()
        if current != wanted:
            urgency = 0 if current is None else 1 if current["verdict"] != wanted["verdict"] else 2
            found.append((urgency, name, wanted))
    return {name: wanted for _, name, wanted in sorted(found, key=lambda each: each[0])}


def write(kube: Kube, world: World, namespace: str, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Write these entries. Hypotheses that have gone meanwhile, or take no more entries, are passed over.

    Raises KubeError.
    """

    def write_one(name: str) -> None:
        entry = entries[name]
        status, manager = {"studies": [entry]}, manager_of(entry["name"])
        try:
            written = kube.apply_status(HYPOTHESES, namespace, name, status, manager=manager)
        except NotFound:
            return
        except Refused as error:
            if error.code != _UNPROCESSABLE:
                raise
            _log.warning("hypothesis %s/%s: no entry of study %s: %s", namespace, name, entry["name"], error)
            return
        world.hypotheses.put(written)

    together(write_one, entries, TOGETHER)
