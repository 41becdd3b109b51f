"""The options that choose a study on a cluster, named as kubectl's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.api.errors import InvalidInput, Problem
from assay.cli.cluster.chosen import Chosen


def study_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of studies that complete the word; none if the cluster does not answer at once."""
    from assay.cli.cluster.completed import names_of_studies

    return [name for name in names_of_studies(_chosen(ctx.params)) if name.startswith(incomplete)]


def hypothesis_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of hypotheses that complete the word; none if the cluster does not answer at once."""
    from assay.cli.cluster.completed import names_of_hypotheses

    return [name for name in names_of_hypotheses(_chosen(ctx.params)) if name.startswith(incomplete)]


def _chosen(given: dict[str, Any]) -> Chosen:
    return Chosen(given.get("namespace"), given.get("context"), given.get("kubeconfig"))


StudyArgument = Annotated[
    str, typer.Argument(metavar="STUDY", help="Name of the study.", show_default=False, autocompletion=study_names)
]
OptionalStudyArgument = Annotated[
    str | None,
    typer.Argument(metavar="STUDY", help="A study on the cluster.", show_default=False, autocompletion=study_names),
]
NamespaceOption = Annotated[
    str | None,
    typer.Option(
        "--namespace", "-n", help="The namespace. Default: that of the kubeconfig's context.", show_default=False
    ),
]
ContextOption = Annotated[
    str | None,
    typer.Option("--context", help="A context of the kubeconfig. Default: its current one.", show_default=False),
]
KubeconfigOption = Annotated[
    Path | None,
    typer.Option("--kubeconfig", help="The kubeconfig. Default: $KUBECONFIG, or ~/.kube/config.", show_default=False),
]
AllNamespacesOption = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="List the studies of all namespaces; for status alone.")
]


def refuse_all_namespaces(command: str, all_namespaces: bool) -> None:
    """Raise InvalidInput if all namespaces were asked for by a command about one study."""
    if all_namespaces:
        allowed = "--namespace, since a study is in one; `assay status -A` lists those of all namespaces"
        raise InvalidInput([Problem(command, "-A, --all-namespaces", "together with a study", allowed)])
