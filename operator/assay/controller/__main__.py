"""python -m assay.controller: the operator's process.

Exit codes: 0 stopped by a signal · 1 it could not go on · 2 its settings are wrong
"""

from __future__ import annotations

import logging
import os
import sys
import time

import kopf
from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server

from assay.api.errors import InvalidInput
from assay.api.version import VERSION
from assay.controller.freed_memory import give_back_freed_memory
from assay.controller.imports import import_ahead
from assay.controller.operator import Operator
from assay.controller.settings import Settings, settings_from
from assay.controller.watching import kopf_settings, registry_of
from assay.kube import Kube, KubeError, NotFound, Unreachable
from assay.kube.errors import NoCluster
from assay.reporting.metrics import OperatorMetrics

STOPPED, FAILED, BAD_SETTINGS = 0, 1, 2

GRACE_SECONDS = 8.0
"""How long reconciles may take to end: Kubernetes waits for 30 s, and one that is cut off is only done again."""

NESTING = 20_000
"""How deeply Python calls may be nested. The API server takes recipes that are nested 10 000 deep; to read one takes as
many calls, and one recipe must not end the operator for everybody."""

_START_AGAIN_SECONDS = 2.0

_log = logging.getLogger(__name__)


def main() -> int:
    """Run until a signal comes, and return the exit code."""
    sys.setrecursionlimit(NESTING)
    give_back_freed_memory()
    try:
        settings = settings_from(os.environ)
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log yet
        return BAD_SETTINGS
    _configure_logging(settings)
    disable_created_metrics()  # type: ignore[no-untyped-call] # a time beside each counter, which nobody asks for
    registry = CollectorRegistry()
    metrics = OperatorMetrics(registry)
    try:
        kube = Kube.from_environment(observer=metrics.requested)
    except NoCluster as error:
        _log.error("No cluster: %s. Run this in a pod, or set KUBECONFIG", error)
        return BAD_SETTINGS
    import_ahead()
    operator = Operator(settings, kube, metrics, registry)
    start_http_server(settings.metrics_port, registry=registry)
    try:
        _start(operator)
    except KubeError as error:
        _log.error("%s", _what_to_do(error))
        return FAILED
    return _run(operator, settings)


def _start(operator: Operator) -> None:
    """Start as soon as the API server answers. Raises KubeError if it answers that it will not."""
    while True:
        try:
            return operator.start()
        except Unreachable as error:
            _log.warning("The Kubernetes API does not answer, trying again: %s", error)
            time.sleep(_START_AGAIN_SECONDS)


def _run(operator: Operator, settings: Settings) -> int:
    try:
        kopf.run(
            registry=registry_of(operator),
            settings=kopf_settings(),
            standalone=True,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            liveness_endpoint=f"http://0.0.0.0:{settings.health_port}/healthz",
        )
        code = STOPPED
    except Exception:  # noqa: BLE001 - whatever it was, what goes on is ended in order
        _log.exception("The watches have ended")
        code = FAILED
    if not operator.stop(GRACE_SECONDS):
        _log.warning("A reconcile did not end in %.0f s; the next start goes on from there", GRACE_SECONDS)
        logging.shutdown()
        os._exit(code)  # threads of a request that hangs would keep the process
    return code


def _what_to_do(error: KubeError) -> str:
    if isinstance(error, NotFound):
        return f"Assay's custom resources are not installed: {error}"
    return f"The Kubernetes API refuses what the operator needs ({error.code}): {error}"


def _configure_logging(settings: Settings) -> None:
    kopf.configure(log_format=kopf.LogFormat.JSON if settings.log_format == "json" else kopf.LogFormat.FULL)
    logging.getLogger().setLevel(settings.log_level.upper())
    # They log every event, every probe, and where S3's settings were found.
    for name in ("kopf.objects", "kopf.activities", "aiohttp.access", "botocore"):
        logging.getLogger(name).setLevel("WARNING")
    # The image says which revision it was built from.
    _log.info("Assay %s, revision %s", VERSION, os.environ.get("ASSAY_REVISION", "unknown"))


if __name__ == "__main__":
    sys.exit(main())
