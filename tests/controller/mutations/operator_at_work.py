"""The operator to which changed manifests are put, and how much it had to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from assay.kube import Kube
from cluster.client import Cluster
from controller.operators import RunningOperator
from controller.team import Team

SETTINGS = {
    # Some manifests name buckets; here, nobody has any.
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "ASSAY_S3_RETRY_SECONDS": "0",
}

_NO_JOBS = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "no-jobs"},
    "spec": {"hard": {"count/jobs.batch": "0"}},
}


class Work(NamedTuple):
    """The work that an operator has done so far."""

    reconciles: float
    cpu_seconds: float


def work_of(operator: RunningOperator) -> Work:
    """Read how much an operator has done, from its own metrics and from the kernel."""
    reconciles = sum(
        sample.value
        for family in text_string_to_metric_families(operator.scrape())
        for sample in family.samples
        if sample.name == "assay_reconcile_duration_seconds_count"
    )
    fields = Path(f"/proc/{operator.process.pid}/stat").read_text().rpartition(")")[2].split()
    return Work(reconciles, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def complaints(operator: RunningOperator) -> list[str]:
    """Return the lines of the log that no manifest should lead to."""
    lines = operator.log().splitlines()
    return [
        f"{operator.process.name} logs: {' | '.join(lines[index : index + 30])}"
        for index, line in enumerate(lines)
        if "[ERROR" in line or line.startswith("Traceback")
    ]


def two_teams(cluster: Cluster, kube: Kube, dataset: str, suffix: str = "0") -> tuple[Team, Team]:
    """Make a namespace for studies and one for hypotheses, in which no trial is started."""
    teams = []
    for name in (f"changed-studies-{suffix}", f"changed-hypotheses-{suffix}"):
        cluster.kubectl("create", "namespace", name)
        team = Team(cluster, kube, name, dataset)
        team.apply(_NO_JOBS)
        teams.append(team)
    return teams[0], teams[1]
