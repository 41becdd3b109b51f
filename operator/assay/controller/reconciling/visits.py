"""One visit to a study: what is at hand, and when the next one is due."""

from __future__ import annotations

from typing import NamedTuple

from assay.api.resources import ProxyStudyStatus
from assay.controller.publishing.publisher import earlier_status
from assay.controller.remembering.memory import StudyMemory
from assay.kube import Manifest

POLL_SECONDS = 15.0
"""How often a study that runs is visited though nothing happens."""

REFRESH_SECONDS = 300.0
"""How often a study is visited, and its objects listed anew, in case an event was missed."""

NEXT_TURN_SECONDS = 0.1
"""After how long a study is visited again whose turn was over before everything was read or started."""

AFTER_OTHERS_SECONDS = 2.0
"""After how long a study is visited again that needs memory which others have."""


class Visit(NamedTuple):
    """A study as it is now: its manifest, what is remembered of it, and the time in Unix seconds."""

    manifest: Manifest
    memory: StudyMemory
    now: float

    @property
    def namespace(self) -> str:
        """The study's namespace."""
        return str(self.manifest["metadata"]["namespace"])

    @property
    def uid(self) -> str:
        """The study's uid."""
        return str(self.manifest["metadata"]["uid"])

    @property
    def generation(self) -> int:
        """The study's metadata.generation."""
        return int(self.manifest["metadata"]["generation"])

    @property
    def earlier(self) -> ProxyStudyStatus | None:
        """The status that the study has; None if it has none that can be read."""
        return earlier_status(self.manifest)
