"""Watching with kopf, which lists, watches and reconnects. Every event is handed on to `Wakes`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import kopf

from assay.controller.operator import Operator
from assay.kube import HYPOTHESES, JOBS, PODS, STUDIES, STUDY_LABEL
from assay.kube.client import FIRST_PAGE

_EXIT_SECONDS = 1.0


def registry_of(operator: Operator) -> kopf.OperatorRegistry:
    """Return the handlers. They are all of events: handlers of other kinds would write annotations or finalizers."""
    registry = kopf.OperatorRegistry()
    wakes = operator.wakes

    @kopf.on.event(STUDIES.group, STUDIES.version, STUDIES.plural, registry=registry)
    async def study(type: str | None, event: Any, **_: Any) -> None:  # noqa: A002
        wakes.study(type, event["object"])

    @kopf.on.event(HYPOTHESES.group, HYPOTHESES.version, HYPOTHESES.plural, registry=registry)
    async def hypothesis(type: str | None, event: Any, **_: Any) -> None:  # noqa: A002
        wakes.hypothesis(type, event["object"])

    @kopf.on.event(JOBS.group, JOBS.version, JOBS.plural, registry=registry)
    async def job(type: str | None, event: Any, **_: Any) -> None:  # noqa: A002
        wakes.job(type, event["object"])

    @kopf.on.event(PODS.group, PODS.version, PODS.plural, registry=registry)
    async def pod(type: str | None, event: Any, **_: Any) -> None:  # noqa: A002
        wakes.pod(type, event["object"])

    @kopf.on.probe(id="reconciles", registry=registry, errors=kopf.ErrorsMode.PERMANENT)
    async def reconciles(**_: Any) -> str:
        if trouble := operator.trouble():
            raise kopf.PermanentError(trouble)
        return "well"

    kopf.on.login(registry=registry)(kopf.login_via_client)
    return registry


def kopf_settings() -> kopf.OperatorSettings:
    """Return settings by which kopf writes nothing, and never gives up on a watch."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.persistence.diffbase_storage = _NoDiffs()
    settings.persistence.progress_storage = _NoProgress()
    for resource in (JOBS, PODS):
        settings.watching.label_selectors[resource.group, resource.version, resource.plural] = STUDY_LABEL
    settings.watching.connect_timeout = 10.0
    settings.watching.chunk_size = FIRST_PAGE
    settings.watching.reconnect_backoff = 1.0
    settings.networking.connect_timeout = 10.0
    settings.networking.request_timeout = 60.0
    settings.networking.error_backoffs = _Forever()
    settings.queueing.exit_timeout = _EXIT_SECONDS
    return settings


class _Forever:
    """Seconds between tries of a request that gets no answer. They never end."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((0.5, 1.0, 2.0, 4.0), itertools.repeat(5.0))


class _NoDiffs(kopf.DiffBaseStorage):
    """Keeps no earlier state to compare with: events are handed on, whatever has changed."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        pass


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress: handlers of events have none."""

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        pass

    def purge(self, **_: Any) -> None:
        pass

    def touch(self, **_: Any) -> None:
        pass

    def clear(self, *, essence: Any) -> Any:
        return essence
