"""The kinds of objects that the API server is asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

from assay.api.base import GROUP, VERSION

Manifest = dict[str, Any]
"""An object of the API, as its JSON has it."""


class Resource(NamedTuple):
    """A kind of objects in the API; all of these live in namespaces."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """As a manifest has it: `v1`, `batch/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """The path under which the server has its version: `/api/v1`, `/apis/batch/v1`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


STUDIES = Resource(GROUP, VERSION, "proxystudies", "ProxyStudy")
HYPOTHESES = Resource(GROUP, VERSION, "hypotheses", "Hypothesis")
JOBS = Resource("batch", "v1", "jobs", "Job")
PODS = Resource("", "v1", "pods", "Pod")
EVENTS = Resource("", "v1", "events", "Event")

API_GROUPS = Resource("", "", "apigroups", "APIGroup")
"""The API groups that the server has; everybody whom it knows may ask."""

STUDY_LABEL = f"{GROUP}/study"
"""The label that all objects of a study have: its name."""
