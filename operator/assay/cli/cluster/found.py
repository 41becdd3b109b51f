"""A study on a cluster, as the commands show it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.reading.manifests import resource_from
from assay.api.reading.words import one_of
from assay.api.resources import Hypothesis, ProxyStudy, ProxyStudyStatus
from assay.api.selection import select_hypotheses
from assay.kube.errors import NoCluster, NotFound
from assay.kube.resources import HYPOTHESES, STUDIES
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.programs import preparing_programs, program_of
from assay.planning.study.study import Study
from assay_trainer.contract import Dataset, digest
from assay_trainer.objects import open_objects, split_object_uri

if TYPE_CHECKING:
    from assay.cli.cluster.chosen import Chosen
    from assay.kube.client import Kube


class FoundStudy(NamedTuple):
    """A study with its hypotheses, and its status."""

    study: Study
    status: ProxyStudyStatus


def connect(chosen: Chosen, *, timeout_seconds: float | None = None) -> tuple[Kube, str]:
    """Return the chosen cluster and namespace; by default those of the kubeconfig's current context.

    `timeout_seconds` limits each request, instead of the client's own limit. Raises InvalidInput if there is no
    cluster.
    """
    try:
        from assay.kube.client import TIMEOUT_SECONDS, Kube, contexts, current_namespace
    except ImportError:
        raise _no_cluster("the Kubernetes client is not installed", "pip install 'assay[operator]'") from None
    path, context, patience = chosen.kubeconfig, chosen.context, timeout_seconds or TIMEOUT_SECONDS
    if path is not None and not path.is_file():
        raise InvalidInput([Problem("assay", "--kubeconfig", f"{path}, where no file is", "a kubeconfig")])
    try:
        if path is None and context is None:
            kube = Kube.from_environment(timeout_seconds=patience)
        else:
            given = path or os.environ.get("KUBECONFIG")
            known = contexts(given)
            if context is not None and known and context not in known:
                close = nearest(context, known)
                raise InvalidInput([Problem("assay", "--context", repr(context), one_of(known), close)])
            kube = Kube.from_kubeconfig(given, context=context, timeout_seconds=patience)
    except NoCluster as error:
        raise _no_cluster(str(error), "a kubeconfig that names a cluster", "--kubeconfig" if path else None) from error
    return kube, chosen.namespace or current_namespace(path or os.environ.get("KUBECONFIG"), context)


def _no_cluster(given: str, allowed: str, field: str | None = None) -> InvalidInput:
    return InvalidInput([Problem("assay", field or "KUBECONFIG", given, allowed)])


def find_study(kube: Kube, namespace: str, name: str) -> FoundStudy:
    """Return the study of that name. Raises InvalidInput if there is none, KubeError if the cluster can't be asked."""
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
    """Return the HTML report that the operator put into the store, which this machine must be able to reach.

    Raises InvalidInput if there is none yet, StoreError if it can't be read.
    """
    if status.report is None:
        allowed = "table, markdown or json until the study has finished: the operator writes the report then"
        raise InvalidInput([Problem(f"study {name}", "--output", "html, and no report is there yet", allowed)])
    prefix, report = split_object_uri(status.report)
    return open_objects(prefix).get(report).decode()


def shown_study(resource: ProxyStudy, hypotheses: list[Hypothesis]) -> Study:
    """Return the study as tables need it. Its trial keys mean nothing: only the operator knows the digests of its code
    and data."""
    selected = select_hypotheses(resource, hypotheses)
    unknown = digest(b"")
    programs = {program_of(resource.spec, hypothesis) for hypothesis in selected}
    programs.update(preparing_programs(resource.spec))
    return Study.of(
        StudyDefinition(
            resource=resource,
            hypotheses=selected,
            code=dict.fromkeys(programs, unknown),
            dataset=Dataset(manifest=resource.spec.dataset.address, digest=unknown),
        )
    )
