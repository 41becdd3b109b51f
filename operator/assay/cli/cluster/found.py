"""A study on a cluster, as the commands show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.manifests import resource_from
from assay.api.resources import Hypothesis, ProxyStudy, ProxyStudyStatus
from assay.api.selection import select_hypotheses
from assay.api.words import one_of
from assay.kube.errors import NoCluster, NotFound
from assay.kube.resources import HYPOTHESES, STUDIES
from assay.planning.programs import program_of, scoring_program
from assay.planning.study import Study
from assay_trainer.contract import Dataset, digest
from assay_trainer.objects import open_objects, split_object_uri

if TYPE_CHECKING:
    from assay.kube.client import Kube

StudyArgument = Annotated[str, typer.Argument(help="Name of the study.", show_default=False)]
NamespaceOption = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Default: that of the kubeconfig's current context.", show_default=False),
]


class FoundStudy(NamedTuple):
    """A study with its hypotheses, and what its status says."""

    study: Study
    status: ProxyStudyStatus


def connect(namespace: str | None) -> tuple[Kube, str]:
    """The cluster of the kubeconfig, and the namespace that is meant. Raises InvalidInput if there is no cluster."""
    try:
        from assay.kube.client import Kube, current_namespace
    except ImportError:
        raise _no_cluster("the Kubernetes client is not installed", "pip install 'assay[operator]'") from None
    try:
        return Kube.from_environment(), namespace or current_namespace()
    except NoCluster as error:
        raise _no_cluster(str(error), "a kubeconfig that names a cluster") from error


def _no_cluster(given: str, allowed: str) -> InvalidInput:
    return InvalidInput([Problem("assay", "KUBECONFIG", given, allowed)])


def find_study(kube: Kube, namespace: str, name: str) -> FoundStudy:
    """The study of that name. Raises InvalidInput if there is none, KubeError if the cluster can't be asked."""
    try:
        resource = resource_from(ProxyStudy, kube.get(STUDIES, namespace, name))
    except NotFound:
        names = sorted(each["metadata"]["name"] for each in kube.list(STUDIES, namespace))
        allowed = one_of(names) if names else f"a study; namespace {namespace} has none"
        raise InvalidInput(
            [Problem(f"namespace {namespace}", "STUDY", repr(name), allowed, nearest(name, names))]
        ) from None
    hypotheses = [resource_from(Hypothesis, each) for each in kube.list(HYPOTHESES, namespace)]
    return FoundStudy(shown_study(resource, hypotheses), resource.status or ProxyStudyStatus())


def written_report(name: str, status: ProxyStudyStatus) -> str:
    """The HTML report that the operator put into the store, which this machine has to reach.

    Raises InvalidInput if there is none yet, StoreError if it can't be read.
    """
    if status.report is None:
        allowed = "table, markdown or json until the study has finished: the operator writes the report then"
        raise InvalidInput([Problem(f"study {name}", "--output", "html, and no report is there yet", allowed)])
    prefix, report = split_object_uri(status.report)
    return open_objects(prefix).get(report).decode()


def shown_study(resource: ProxyStudy, hypotheses: list[Hypothesis]) -> Study:
    """The study as tables need it. Its keys are nobody's: what its code and data are, only the operator knows."""
    selected = select_hypotheses(resource, hypotheses)
    unknown = digest(b"")
    programs = {program_of(resource.spec, hypothesis) for hypothesis in selected} | {scoring_program(resource.spec)}
    return Study(
        resource=resource,
        hypotheses=selected,
        code=dict.fromkeys(programs, unknown),
        dataset=Dataset(manifest=resource.spec.dataset.manifest, digest=unknown),
    )
