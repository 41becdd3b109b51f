"""Which parts of a study's pod template would weaken the trials' pods, and are refused.

What Assay's installer sets for all trials is not checked: it is the installer's cluster.
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from assay.api.reading.words import one_of
from assay.api.resources import PodTemplate

VOLUME_KINDS = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
"""The kinds that the standard `restricted` allows: no folder of the node, and no device of it."""

PROJECTED_KINDS = ("configMap", "downwardAPI", "secret")
"""No token of a service account: else whoever may make studies has the rights of every account of the namespace."""

_ANNOTATIONS = ("container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/")


class Weakness(NamedTuple):
    """A field of the template, what it says, and what it may say."""

    field: str
    given: str
    allowed: str


def weaknesses(template: PodTemplate) -> Iterator[Weakness]:
    """Yield all weaknesses of a template, in the order of its fields."""
    for name in template.annotations:
        if name.startswith(_ANNOTATIONS):
            yield Weakness("annotations", name, "annotations that do not change the containers' confinement")
    for index, volume in enumerate(template.volumes):
        field = f"volumes[{index}]"
        yield from _not_among(VOLUME_KINDS, field, volume, "name")
        projected = volume.get("projected")
        sources = projected.get("sources") if isinstance(projected, dict) else None
        for place, source in enumerate(sources if isinstance(sources, list) else ()):
            if isinstance(source, dict):
                yield from _not_among(PROJECTED_KINDS, f"{field}.projected.sources[{place}]", source)


def _not_among(kinds: tuple[str, ...], field: str, given: dict[str, Any], *others: str) -> Iterator[Weakness]:
    for kind in given:
        if kind not in (*kinds, *others):
            yield Weakness(field, f'"{kind}"', one_of(list(kinds)))
