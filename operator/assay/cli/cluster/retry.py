"""assay retry: failed trials of a study on a cluster, once more."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from assay.api.base import GROUP
from assay.cli.cluster.found import NamespaceOption, StudyArgument, connect, find_study
from assay.kube.resources import STUDIES

RETRY_ANNOTATION = f"{GROUP}/retry"
"""On a study: the time of a person's latest request to retry. The operator answers each one once."""


def retry(study: StudyArgument, namespace: NamespaceOption = None) -> None:
    """Let the failures of a study's trials no longer count, so that they are tried again."""
    kube, namespace = connect(namespace)
    failed = find_study(kube, namespace, study).status.trials.failed
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    kube.annotate(STUDIES, namespace, study, {RETRY_ANNOTATION: now}, manager="assay-cli")
    typer.echo(f"{failed} failed trials of {study} will be tried again.")
