"""The operator's metrics in a real Prometheus."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from assay.kube import Kube
from cluster.network import free_ports
from cluster.processes import wait_until
from controller.operators import Operators
from controller.played_pods import PlayedPods
from controller.team import Team

_CONFIGURATION = """\
scrape_configs:
- job_name: assay
  scrape_interval: 500ms
  scrape_timeout: 500ms
  static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


def test_a_prometheus_scrapes_the_operator(kube: Kube, operators: Operators, team: Team, tmp_path: Path) -> None:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not there: `make system-deps` installs it")
    operator = operators.start()
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(_CONFIGURATION % operator.metrics)
    (port,) = free_ports(1)
    options = [f"--config.file={configuration}", f"--storage.tsdb.path={tmp_path}/data"]
    process = operators.processes.start(
        "prometheus", [program, *options, f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    )
    with PlayedPods(kube, team.namespace, lambda item: 0.8 + 0.01 * item.seed):
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded")
    labels = f'namespace="{team.namespace}", study="digits"'
    done = f'sum(assay_study_trials{{{labels}, phase="succeeded"}})'
    wait_until(lambda: answer(port, done) == "8", "Prometheus", process, within_seconds=20)
    # The first of the questions in docs/metrics.md.
    assert answer(port, f'assay_study_condition{{{labels}, condition="Stalled", status="true"}} == 1') is None
    assert answer(port, 'sum(assay_kubernetes_requests_total{resource="jobs", verb="create"})') == "8"


def answer(port: int, query: str) -> str | None:
    """The one value of a query; None: there is none, or Prometheus is not up yet."""
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            found = json.loads(response.read())["data"]["result"]
    except OSError:
        return None
    return str(found[0]["value"][1]) if found else None
