"""assay retry: failed trials of a study on a cluster are tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from assay.cli.cluster.chosen import Chosen
from assay.cli.cluster.options import (
    AllNamespacesOption,
    ContextOption,
    KubeconfigOption,
    NamespaceOption,
    StudyArgument,
    refuse_all_namespaces,
)


def retry(
    study: StudyArgument,
    namespace: NamespaceOption = None,
    all_namespaces: AllNamespacesOption = False,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Try a study's failed trials again: their earlier failures no longer count."""
    from assay.api.base import RETRY_ANNOTATION
    from assay.cli.cluster.found import connect, find_study
    from assay.kube.resources import STUDIES

    refuse_all_namespaces("assay retry", all_namespaces)
    kube, namespace = connect(Chosen(namespace, context, kubeconfig))
    failed = find_study(kube, namespace, study).status.trials.failed
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    kube.annotate(STUDIES, namespace, study, {RETRY_ANNOTATION: now}, manager="assay-cli")
    typer.echo(f"{failed} failed trials of {study} will be tried again.")
