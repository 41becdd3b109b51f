"""What the installation says about the trials of every study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.api.resources.pod_template import PodTemplate


@dataclass(frozen=True)
class CacheClaim:
    """The PersistentVolumeClaim of each namespace, by the same name in all, whose volume holds the namespace's cache. A
    claim's volume can't be reached from another namespace, and the `restricted` Pod Security Standard allows it, which
    a folder of the node (hostPath) is not."""

    name: str
    bytes: int


@dataclass(frozen=True)
class TrialSettings:
    """Settings of trials that are the same for all studies.

    image: the image of trials whose study and hypothesis name none. It must not change under its name.
    scratch: how much a trial may have in its scratch folder, as a Kubernetes quantity; None: as much as there is.
    cache: a claim of a volume on which blocks of data sets are kept from trial to trial, and how many bytes of it may
        be used; None: each pod reads them anew.
    pod_template: what the pods have; a study's own is laid over it.
    environment: variables that the worker needs for the store, such as its endpoint; never credentials.
    environment_secret: a Secret in the study's namespace whose entries are variables of the worker: credentials.
    service_account: the service account of pods whose templates name none. Its token is not mounted.
    parallelism: how many trials a study that says no number may run at a time.
    pending_seconds: how long a trial may wait for a node, or for its queue, before the study says so.
    backstop_seconds: how long after the deadlines of its trials a pod is ended that did not end by itself. It has
        to cover the time in which the image is pulled.
    """

    image: str | None = None
    scratch: str | None = "10Gi"
    cache: CacheClaim | None = None
    pod_template: PodTemplate = field(default_factory=PodTemplate)
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_secret: str | None = None
    service_account: str | None = None
    parallelism: int = 50
    pending_seconds: float = 60.0
    backstop_seconds: int = 1800
