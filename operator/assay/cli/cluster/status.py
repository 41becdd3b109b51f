"""assay status: what a study on a cluster has found so far, or the list of studies."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.cluster.chosen import Chosen
from assay.cli.cluster.options import (
    AllNamespacesOption,
    ContextOption,
    KubeconfigOption,
    NamespaceOption,
    OptionalStudyArgument,
    refuse_all_namespaces,
)
from assay.cli.output import ExplainOption, Output, OutputOption

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.kube.client import Kube

WATCH_SECONDS = 2.0


def status(
    study: OptionalStudyArgument = None,
    namespace: NamespaceOption = None,
    all_namespaces: AllNamespacesOption = False,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
    output: OutputOption = Output.TABLE,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it until the study has ended.")] = False,
    explain: ExplainOption = False,
) -> None:
    """Show what a study on a cluster has found: arms, ranking, state. Without a study, list all of them."""
    from assay.cli.cluster.found import connect

    if study is not None:
        refuse_all_namespaces("assay status", all_namespaces)
    elif watch:
        raise InvalidInput([Problem("assay status", "--watch", "no STUDY", "the name of a study to watch")])
    kube, namespace = connect(Chosen(namespace, context, kubeconfig))
    if study is None:
        _list(kube, None if all_namespaces else namespace, output)
    elif watch and output is Output.TABLE:
        _watch(kube, namespace, study, explain=explain)
    else:
        _show(kube, namespace, study, output, explain=explain)


def _show(kube: Kube, namespace: str, study: str, output: Output, *, explain: bool) -> None:
    from rich.console import Console

    from assay.cli.cluster.found import find_study
    from assay.reporting.tables import summary

    found = find_study(kube, namespace, study)
    if output is Output.JSON:
        typer.echo(json.dumps(found.status.to_dict(), indent=2, ensure_ascii=False))
    else:
        Console().print(summary(*found, explain=explain))


def _watch(kube: Kube, namespace: str, study: str, *, explain: bool) -> None:
    from rich.live import Live

    from assay.cli.cluster.found import find_study
    from assay.reporting.tables import summary

    found = find_study(kube, namespace, study)
    with Live(summary(*found, explain=explain), refresh_per_second=4) as live:
        while not _has_ended(found.status):
            time.sleep(WATCH_SECONDS)
            found = find_study(kube, namespace, study)
            live.update(summary(*found, explain=explain))


def _list(kube: Kube, namespace: str | None, output: Output) -> None:
    from rich.console import Console

    from assay.kube.resources import STUDIES
    from assay.reporting.study_list import study_list

    items = sorted(
        kube.list(STUDIES, namespace), key=lambda each: (each["metadata"]["namespace"], each["metadata"]["name"])
    )
    if output is Output.JSON:
        typer.echo(json.dumps({"items": items}, indent=2, ensure_ascii=False))
    elif not items:
        where = f"in namespace {namespace}" if namespace else "in any namespace"
        typer.echo(f"No studies {where}.", err=True)
    else:
        Console().print(study_list(items, namespaces=namespace is None))


def _has_ended(status: ProxyStudyStatus) -> bool:
    from assay.api.conditions import ConditionType
    from assay.reporting.answers import is_finished

    succeeded = status.condition(ConditionType.SUCCEEDED)
    return succeeded is not None and (succeeded.status == "True" or is_finished(status))
