"""A hypothesis' own status: which studies' verdicts are in force, and whether all are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assay.api.conditions import ConditionType, Reason
from assay.api.errors import InvalidInput
from assay.api.resources import Hypothesis, HypothesisStatus, ProxyStudy
from assay.controller.publishing.events import REPORTER
from assay.controller.publishing.verdicts import manager_of
from assay.controller.queue.schedule import Key
from assay.controller.reconciling.gathering import selects
from assay.controller.world import World
from assay.kube import HYPOTHESES, STUDIES, Kube, Manifest, NotFound
from assay.planning.status.conditions import Statement, dated
from assay.planning.status.hypothesis_status import StudyState, columns_of, concluded, state_of

_OWN_FIELDS = ("observedGeneration", "conditions", "selectedBy", "verdicts")
"""The fields of the status that no study writes."""


class HypothesisReconciler:
    """Writes the condition Concluded, and removes entries of studies that don't select the hypothesis, or no longer do.

    `clock` gives Unix seconds.
    """

    def __init__(self, kube: Kube, world: World, clock: Callable[[], float]) -> None:
        self._kube = kube
        self._world = world
        self._clock = clock

    def __call__(self, key: Key) -> float | None:
        """Reconcile a hypothesis once. Raises KubeError."""
        manifest = self._world.hypothesis(key.namespace, key.name)
        if manifest is None:
            return None
        states, unknown = self._studies_of(manifest)
        for entry in list((manifest.get("status") or {}).get("studies") or ()):
            study = entry["name"]
            if study not in unknown and all(state.name != study for state in states):
                manifest = self._without(manifest, study)
        self._conclude(manifest, sorted([*states, *unknown.values()]))
        return None

    def _studies_of(self, manifest: Manifest) -> tuple[list[StudyState], Mapping[str, StudyState]]:
        """Return the studies that select it, and those with an entry that can't be read, so that nobody knows."""
        said = {entry["name"] for entry in (manifest.get("status") or {}).get("studies") or ()}
        states: list[StudyState] = []
        unknown: dict[str, StudyState] = {}
        for each in self._world.studies_of(manifest["metadata"]["namespace"]):
            try:
                study = self._world.parsed(ProxyStudy, each)
            except InvalidInput:
                name = each["metadata"]["name"]
                if name in said:
                    unknown[name] = StudyState(name, False, Reason.INVALID)
                continue
            if selects(study, manifest):
                states.append(state_of(study))
        return states, unknown

    def _without(self, manifest: Manifest, study: str) -> Manifest:
        """Remove a study's entry, unless the study is there and was only not seen yet; return the hypothesis then."""
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        if self._world.study(namespace, study) is None:
            try:
                there = self._kube.get(STUDIES, namespace, study)
            except NotFound:
                pass
            else:
                if not there["metadata"].get("deletionTimestamp"):
                    return manifest
        return self._apply(namespace, name, {}, manager_of(study)) or manifest

    def _conclude(self, manifest: Manifest, states: list[StudyState]) -> None:
        metadata, generation = manifest["metadata"], manifest["metadata"]["generation"]
        earlier: HypothesisStatus | None = None
        texts: Mapping[str, str] = {}
        try:
            hypothesis = self._world.parsed(Hypothesis, manifest)
            earlier = hypothesis.status
            said = concluded(hypothesis, states)
            texts = columns_of(hypothesis, states)
        except InvalidInput as error:
            said = Statement(ConditionType.CONCLUDED, False, Reason.INVALID, str(error))
        conditions = [each.to_dict() for each in dated([said], earlier, generation, self._clock())]
        wanted = {"observedGeneration": generation, "conditions": conditions, **texts}
        status = manifest.get("status") or {}
        if {field: status[field] for field in _OWN_FIELDS if field in status} != wanted:
            self._apply(metadata["namespace"], metadata["name"], wanted, REPORTER)

    def _apply(self, namespace: str, name: str, status: Mapping[str, Any], manager: str) -> Manifest | None:
        try:
            written = self._kube.apply_status(HYPOTHESES, namespace, name, status, manager=manager)
        except NotFound:
            return None
        self._world.hypotheses.put(written)
        return self._world.hypotheses.get(namespace, name)
