"""The latest manifests that were seen of a kind of objects."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from assay.kube.resources import STUDY_LABEL, Manifest

_REMEMBERED_REMOVALS = 10_000
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Cache:
    """Manifests by namespace and name. For threads to share. Manifests that it returns are not to be changed.

    Events and lists may arrive in any order: an older manifest never replaces a newer one, and an object that was
    removed does not come back.
    """

    def __init__(self, lean: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> None:
        """Make an empty cache. `lean` returns the part of a manifest that is kept, with the same metadata."""
        self._lean = lean
        self._lock = Lock()
        self._manifests: dict[tuple[str, str], Manifest] = {}
        self._indexed: defaultdict[tuple[str, ...], dict[str, Manifest]] = defaultdict(dict)
        self._removed: OrderedDict[str, None] = OrderedDict()  # uids, the latest last

    def put(self, manifest: Manifest) -> bool:
        """Keep a manifest; return False if what is kept is as new, or the object was removed."""
        metadata = manifest["metadata"]
        place = (metadata["namespace"], metadata["name"])
        with self._lock:
            kept = self._manifests.get(place)
            if metadata["uid"] in self._removed or (kept is not None and _version(kept) >= _version(manifest)):
                return False
            lean = self._lean({**manifest, "metadata": _asked_for(metadata)})
            for group in set(_groups(kept) if kept is not None else ()) - set(_groups(lean)):
                self._leave(group, place[1])
            self._manifests[place] = lean
            for group in _groups(lean):
                self._indexed[group][place[1]] = lean
            return True

    def remove(self, manifest: Manifest) -> None:
        """Drop an object that was deleted."""
        metadata = manifest["metadata"]
        with self._lock:
            self._removed[metadata["uid"]] = None
            if len(self._removed) > _REMEMBERED_REMOVALS:
                self._removed.popitem(last=False)
            kept = self._manifests.get((metadata["namespace"], metadata["name"]))
            if kept is not None and kept["metadata"]["uid"] == metadata["uid"]:
                self._take_out(kept)

    def get(self, namespace: str, name: str) -> Manifest | None:
        """Return the object's latest manifest, None if it is not there."""
        with self._lock:
            return self._manifests.get((namespace, name))

    def all(self, namespace: str | None = None) -> list[Manifest]:
        """Return all objects, of a namespace or of every one."""
        with self._lock:
            return [
                manifest
                for (within, _), manifest in self._manifests.items()
                if namespace is None or within == namespace
            ]

    def of_study(self, namespace: str, study: str) -> list[Manifest]:
        """Return the objects that have the label of a study, in the order in which they were seen first."""
        with self._lock:
            return list(self._indexed.get((namespace, study), {}).values())

    def owned_by(self, uid: str) -> list[Manifest]:
        """Return the objects whose controller has that uid, in the order in which they were seen first."""
        with self._lock:
            return list(self._indexed.get((uid,), {}).values())

    def _take_out(self, kept: Manifest) -> None:
        namespace, name = kept["metadata"]["namespace"], kept["metadata"]["name"]
        del self._manifests[namespace, name]
        for group in _groups(kept):
            self._leave(group, name)

    def _leave(self, group: tuple[str, ...], name: str) -> None:
        members = self._indexed[group]
        del members[name]
        if not members:
            del self._indexed[group]


def _asked_for(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out who has set which field and what kubectl applied last: two thirds of a manifest, and not asked for."""
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    if _LAST_APPLIED in (kept.get("annotations") or {}):
        kept["annotations"] = {key: value for key, value in kept["annotations"].items() if key != _LAST_APPLIED}
    return kept


def _version(manifest: Manifest) -> int:
    """Return the version as a number: of a kind they grow, also from an object to the next one of its name."""
    return int(manifest["metadata"]["resourceVersion"])


def _groups(manifest: Manifest) -> list[tuple[str, ...]]:
    """Return what the object is looked up by: the namespace and name of its study, the uid of its controller."""
    metadata = manifest["metadata"]
    study = (metadata.get("labels") or {}).get(STUDY_LABEL)
    owners = [owner["uid"] for owner in metadata.get("ownerReferences") or [] if owner.get("controller")]
    return [*([(metadata["namespace"], study)] if study else []), *((uid,) for uid in owners)]
