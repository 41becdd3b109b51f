"""The operator's metrics in a real Prometheus."""

from __future__ import annotations

from pathlib import Path

from assay.kube import Kube
from builders.prometheus import Prometheus
from cluster.fixtures import skipped_where_unavailable
from cluster.processes import wait_until
from controller.operators import Operators
from controller.played_pods import PlayedPods
from controller.team import Team


def test_a_prometheus_scrapes_the_operator(kube: Kube, operators: Operators, team: Team, tmp_path: Path) -> None:
    operator = operators.start()
    with skipped_where_unavailable():
        prometheus = Prometheus(operators.processes, tmp_path, f"127.0.0.1:{operator.metrics}")
    with PlayedPods(kube, team.namespace, lambda item: 0.8 + 0.01 * item.seed):
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
    labels = f'namespace="{team.namespace}", study="digits"'
    done = f'sum(assay_study_trials{{{labels}, phase="succeeded"}})'
    wait_until(lambda: prometheus.answer(done) == "8", "Prometheus", prometheus.process, within_seconds=20)
    # The first of the questions in docs/metrics.md.
    assert prometheus.answer(f'assay_study_condition{{{labels}, condition="Stalled", status="true"}} == 1') is None
    assert prometheus.answer('sum(assay_kubernetes_requests_total{resource="jobs", verb="create"})') == "8"
