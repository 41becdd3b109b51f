"""The PodMonitor, as the Prometheus operator has it carried out by a real Prometheus."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.kube import Kube
from builders.prometheus import Prometheus
from chart.releases import one, rendered
from cluster.client import Cluster
from cluster.fixtures import skipped_where_unavailable
from cluster.processes import wait_until
from controller.operators import Operators
from controller.team import Team


@pytest.mark.usefixtures("helm_program", "custom_resources")
def test_studies_of_one_name_in_two_namespaces_stay_apart(
    cluster: Cluster, kube: Kube, namespace: str, other_namespace: str, dataset: str, tmp_path: Path
) -> None:
    monitor = one(rendered({"metrics": {"podMonitor": {"enabled": True}}}), "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    with Operators.of(cluster.kubeconfig, tmp_path, f"{namespace},{other_namespace}") as operators:
        operator = operators.start()
        with skipped_where_unavailable():
            prometheus = Prometheus(
                operators.processes,
                tmp_path,
                f"127.0.0.1:{operator.metrics}",
                labels={"namespace": "assay-system", "pod": "assay-0", "container": "operator"},  # as it adds them
                honor_labels=endpoint.get("honorLabels", False),
            )
        for place, names in ((namespace, ["other"]), (other_namespace, ["one", "another"])):
            team = Team(cluster, kube, place, dataset)
            team.apply(*team.hypotheses(*names), team.study(suspend=True))
            team.wait("Suspended")
        for place, want in ((namespace, "8"), (other_namespace, "12")):
            query = f'sum(assay_study_trials{{namespace="{place}", study="digits"}})'

            def holds(query: str = query, want: str = want) -> bool:
                return prometheus.answer(query) == want

            wait_until(holds, query, prometheus.process, within_seconds=20)
