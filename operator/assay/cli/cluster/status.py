"""assay status: what a study on a cluster has found so far."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from assay.cli.cluster.found import NamespaceOption, StudyArgument, connect, find_study
from assay.cli.run import Output, OutputOption

WATCH_SECONDS = 2.0


def status(
    study: StudyArgument,
    namespace: NamespaceOption = None,
    output: OutputOption = Output.TABLE,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it until the study has ended.")] = False,
) -> None:
    """Show what a study on a cluster has found: its arms, its ranking, its state."""
    from assay.reporting.tables import summary

    kube, namespace = connect(namespace)
    found = find_study(kube, namespace, study)
    if output is Output.JSON:
        typer.echo(json.dumps(found.status.to_dict(), indent=2, ensure_ascii=False))
        return
    if not watch:
        Console().print(summary(*found))
        return
    with Live(summary(*found), refresh_per_second=4) as live:
        while not _has_ended(found.status.to_dict()):
            time.sleep(WATCH_SECONDS)
            found = find_study(kube, namespace, study)
            live.update(summary(*found))


def _has_ended(status: dict[str, object]) -> bool:
    conditions = status.get("conditions")
    states = {each["type"]: each["status"] for each in conditions} if isinstance(conditions, list) else {}
    return states.get("Succeeded") == "True" or (states.get("Reconciling") == "False" and "Succeeded" in states)
