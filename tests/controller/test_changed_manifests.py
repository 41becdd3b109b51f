"""Manifests changed at random, on a real API server with a real operator; benchmarks/operator_manifests.py has more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.kube import Kube
from cluster.client import Cluster
from cluster.watch import Api
from controller.mutations.campaign import Campaign, cases
from controller.mutations.operator_at_work import SETTINGS, complaints, two_teams, work_of
from controller.operators import Operators, RunningOperator
from controller.playground import wait_for

COUNT, SEED = 300, 2026


@pytest.fixture
def lone_operator(cluster: Cluster, custom_resources: None, tmp_path: Path) -> Iterator[RunningOperator]:
    with Operators.of(cluster.kubeconfig, tmp_path, "") as operators:
        operator = operators.launch(SETTINGS)
        wait_for(operator.is_well, "the operator is well", 60)
        yield operator


def test_each_is_refused_or_told_what_is_wrong_with_it_or_valid(
    cluster: Cluster, kube: Kube, lone_operator: RunningOperator, dataset: str
) -> None:
    studies, hypotheses = two_teams(cluster, kube, dataset, suffix=os.urandom(3).hex())
    campaign = Campaign(kube, Api(cluster.kubeconfig), studies, hypotheses)
    findings = campaign.run(cases(COUNT, SEED, dataset))
    assert findings.wrong == []
    assert findings.apart == []
    assert complaints(lone_operator) == []
    taken = findings.outcomes["taken by the API server"]
    assert 0 < taken < COUNT
    assert findings.outcomes["accepted by the operator"] > 0
    assert findings.outcomes["not accepted by the operator: Invalid"] > 0
    assert work_of(lone_operator).reconciles < 20 * taken + 500  # it never loops hot
    for team in (studies, hypotheses):
        cluster.kubectl("delete", "namespace", team.namespace, "--wait=false")
