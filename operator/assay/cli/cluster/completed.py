"""Names on a cluster for the shell's completion, which neither waits long nor prints errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.errors import InvalidInput
from assay.cli.cluster.found import connect
from assay.kube.errors import KubeError
from assay.kube.resources import HYPOTHESES, STUDIES

if TYPE_CHECKING:
    from assay.cli.cluster.chosen import Chosen
    from assay.kube.resources import Resource

_PATIENCE_SECONDS = 2.0


def names_of_studies(chosen: Chosen) -> list[str]:
    """Return the names of the namespace's studies, sorted; none if the cluster doesn't answer."""
    return _names(chosen, STUDIES)


def names_of_hypotheses(chosen: Chosen) -> list[str]:
    """Return the names of the namespace's hypotheses, sorted; none if the cluster doesn't answer."""
    return _names(chosen, HYPOTHESES)


def _names(chosen: Chosen, resource: Resource) -> list[str]:
    try:
        kube, namespace = connect(chosen, timeout_seconds=_PATIENCE_SECONDS)
        return sorted(each["metadata"]["name"] for each in kube.list(resource, namespace))
    except (InvalidInput, KubeError, OSError):
        return []
