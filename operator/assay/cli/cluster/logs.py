"""assay logs: what the trials of a study on a cluster print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.api.base import GROUP
from assay.cli.cluster.found import NamespaceOption, StudyArgument, connect, find_study
from assay.kube.errors import NotFound, Refused
from assay.kube.resources import PODS, STUDY_LABEL

if TYPE_CHECKING:
    from assay.kube.client import Kube


def logs(
    study: StudyArgument,
    hypothesis: Annotated[str | None, typer.Argument(help="Only its trials.", show_default=False)] = None,
    namespace: NamespaceOption = None,
    tail: Annotated[int, typer.Option("--tail", min=1, help="Lines of each pod, from its end.")] = 100,
) -> None:
    """Print what the pods of a study's trials printed, the latest pod last."""
    kube, namespace = connect(namespace)
    find_study(kube, namespace, study)
    labels = f"{STUDY_LABEL}={study}" + (f",{GROUP}/hypothesis={hypothesis}" if hypothesis else "")
    pods = sorted(
        kube.list(PODS, namespace, label_selector=labels), key=lambda pod: pod["metadata"]["creationTimestamp"]
    )
    for pod in pods:
        typer.echo(f"==> {_heading(pod)} <==")
        typer.echo(_log(kube, namespace, pod, tail))
    if not pods:
        typer.echo("No pods: none has started yet, or those that have ended were removed.", err=True)


def _heading(pod: dict[str, Any]) -> str:
    labels = pod["metadata"].get("labels", {})
    trial = " × ".join(labels[key] for name in ("hypothesis", "arm", "seed") if (key := f"{GROUP}/{name}") in labels)
    return f"{pod['metadata']['name']} ({trial or 'several trials'}, {pod['status'].get('phase', 'Unknown')})"


def _log(kube: Kube, namespace: str, pod: dict[str, Any], tail: int) -> str:
    try:
        return kube.logs(namespace, pod["metadata"]["name"], tail_lines=tail)
    except (NotFound, Refused) as error:  # it has just gone, or has not started
        return f"({error.message})"
