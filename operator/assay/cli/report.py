"""assay report: what a study has found so far, without running anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

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
from assay.cli.inputs import (
    DEFAULT_STORE,
    StoreOption,
    StudyOption,
    load_study,
    open_ledger,
)
from assay.cli.output import ExplainOption, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study.study import Study


class ReportFormat(StrEnum):
    """The format of a report."""

    TABLE = "table"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


SUFFIXES = {".html": ReportFormat.HTML, ".md": ReportFormat.MARKDOWN, ".json": ReportFormat.JSON}
"""The formats that the names of files imply, unless another one is asked for."""

FILE_COLUMNS = 120
"""The width of tables that are written to a file, in characters."""


class StudyFindings(NamedTuple):
    """What there is to report. `html` makes or fetches the whole report."""

    study: Study
    status: ProxyStudyStatus
    html: Callable[[], str]


def report(
    on_cluster: OptionalStudyArgument = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            "-f",
            help="Instead of STUDY: the manifests of a study on this machine: a file, a folder, a pattern in quotes, "
            "or - for standard input. May be given several times; all of them count.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    namespace: NamespaceOption = None,
    all_namespaces: AllNamespacesOption = False,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
    output: Annotated[
        ReportFormat | None,
        typer.Option(
            "--output",
            "-o",
            help="Tables, one HTML file, Markdown for a pull request, or the study's status as JSON. "
            "Default: as the file name after --to implies, else tables.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write instead of printing.", show_default=False)
    ] = None,
    explain: ExplainOption = False,
) -> None:
    """Show what a study has found so far: one on the cluster or, with -f, one in a store within reach."""
    if file and on_cluster is None:
        findings = _of_store(file, store, study)
    elif not file and on_cluster is not None:
        refuse_all_namespaces("assay report", all_namespaces)
        findings = _of_cluster(on_cluster, Chosen(namespace, context, kubeconfig))
    else:
        given = "both" if file else "neither"
        raise InvalidInput([Problem("assay report", "STUDY, -f", given, "STUDY, on the cluster; or -f FILE")])
    chosen = output or (SUFFIXES.get(to.suffix, ReportFormat.TABLE) if to else ReportFormat.TABLE)
    if to is not None:
        write_file(to, _text(chosen, findings, explain=explain), "assay report", "--to")
    elif chosen is ReportFormat.TABLE:
        from rich.console import Console

        from assay.reporting.tables import summary

        Console().print(summary(findings.study, findings.status, explain=explain))
    else:
        typer.echo(_text(chosen, findings, explain=explain))


def _of_store(files: Sequence[str], store: str, name: str | None) -> StudyFindings:
    from assay.cli.local_runner import local_runner
    from assay.planning.plan import plan
    from assay.rounds.earlier import earlier_of
    from assay.rounds.gather import gather_study
    from assay.rounds.history import with_edits, with_history
    from assay.rounds.reconcile import records_of
    from assay.rounds.reported_examples import reported_examples

    resource, manifests = load_study(files, name)
    ledger = open_ledger(store, resource)
    with local_runner(files, resource, manifests, preload=[]) as runner:
        study = gather_study(resource, manifests.hypotheses, runner)
    study, now = with_history(study, ledger), time.time()
    records = records_of(study, ledger, ())
    knowing = study.knowing(earlier_of(study, ledger, runner, records), reported_examples(study, ledger, records))
    study = with_edits(knowing, records, now)
    decided = plan(study, records, now)

    def html() -> str:
        from assay.reporting.html import html_report  # imports altair

        return html_report(study, decided)

    return StudyFindings(study, decided.status, html)


def _of_cluster(name: str, chosen: Chosen) -> StudyFindings:
    from assay.cli.cluster.found import connect, find_study, written_report

    kube, namespace = connect(chosen)
    found = find_study(kube, namespace, name)
    return StudyFindings(found.study, found.status, lambda: written_report(name, found.status))


def _text(chosen: ReportFormat, findings: StudyFindings, *, explain: bool) -> str:
    from rich.console import Console

    from assay.reporting.markdown import markdown
    from assay.reporting.tables import summary

    study, status, html = findings
    match chosen:
        case ReportFormat.HTML:
            return html()
        case ReportFormat.MARKDOWN:
            return markdown(study, status)
        case ReportFormat.JSON:
            return json.dumps(status.to_dict(), indent=2, ensure_ascii=False)
        case ReportFormat.TABLE:
            console = Console(record=True, quiet=True, width=FILE_COLUMNS)
            console.print(summary(study, status, explain=explain))
            return console.export_text()
