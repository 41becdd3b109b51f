"""assay logs: the output of a study's trials on a cluster."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.cluster.chosen import Chosen
from assay.cli.cluster.options import (
    AllNamespacesOption,
    ContextOption,
    KubeconfigOption,
    NamespaceOption,
    StudyArgument,
    hypothesis_names,
    refuse_all_namespaces,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.kube.client import Kube

_NAMES_SHOWN = 8


def logs(
    study: StudyArgument,
    hypothesis: Annotated[
        str | None,
        typer.Argument(
            metavar="HYPOTHESIS",
            help="Show only the trials of this hypothesis.",
            show_default=False,
            autocompletion=hypothesis_names,
        ),
    ] = None,
    namespace: NamespaceOption = None,
    all_namespaces: AllNamespacesOption = False,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
    tail: Annotated[int, typer.Option("--tail", min=1, help="The last lines of each pod to print.")] = 100,
) -> None:
    """Print the output of the pods of a study's trials, the latest pod last."""
    from assay.api.base import GROUP
    from assay.cli.cluster.found import connect, find_study
    from assay.kube.resources import PODS, STUDY_LABEL

    refuse_all_namespaces("assay logs", all_namespaces)
    kube, namespace = connect(Chosen(namespace, context, kubeconfig))
    names = [each.name for each in find_study(kube, namespace, study).study.hypotheses]
    # filtered here, and not in the request: a text that is no hypothesis' name may not even be a valid label
    pods = [
        pod
        for pod in kube.list(PODS, namespace, label_selector=f"{STUDY_LABEL}={study}")
        if hypothesis is None or pod["metadata"].get("labels", {}).get(f"{GROUP}/hypothesis") == hypothesis
    ]
    if hypothesis is not None and not pods and hypothesis not in names:
        raise InvalidInput([_unknown(study, hypothesis, names)])
    for pod in sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"]):
        typer.echo(f"==> {_heading(pod)} <==")
        typer.echo(_log(kube, namespace, pod, tail))
    if not pods:
        typer.echo("No pods: none has started yet, or those that have ended were removed.", err=True)


def _unknown(study: str, given: str, names: Sequence[str]) -> Problem:
    from assay.api.bounds import first_of

    close = difflib.get_close_matches(given.lower(), names, n=3, cutoff=0.5)
    allowed = first_of(names, _NAMES_SHOWN) if names else "none: the study selects no hypothesis"
    return Problem(
        f"study {study}", "HYPOTHESIS", f"{given!r}, an unknown hypothesis", allowed, " or ".join(close) or None
    )


def _heading(pod: dict[str, Any]) -> str:
    from assay.api.base import GROUP

    labels = pod["metadata"].get("labels", {})
    trial = " × ".join(labels[key] for name in ("hypothesis", "arm", "seed") if (key := f"{GROUP}/{name}") in labels)
    return f"{pod['metadata']['name']} ({trial or 'several trials'}, {pod['status'].get('phase', 'Unknown')})"


def _log(kube: Kube, namespace: str, pod: dict[str, Any], tail: int) -> str:
    from assay.kube.errors import NotFound, Refused

    try:
        return kube.logs(namespace, pod["metadata"]["name"], tail_lines=tail)
    except (NotFound, Refused) as error:  # it has just gone, or has not started
        return f"({error.message})"
