"""The cluster itself: what other tests build on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from builders.manifests import a_proxy_study
from cluster.cgroups import cgroups_of, remove_stale_cgroups
from cluster.client import Cluster
from cluster.commands import CommandFailed
from cluster.fixtures import skipped_where_unavailable
from cluster.images import BUSYBOX
from cluster.kwok_stages import EXIT_CODE, MESSAGE
from cluster.local import LocalCluster
from cluster.node import require_node
from cluster.processes import wait_until

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def a_job(
    command: str, pod: Mapping[str, Any] | None = None, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A Job whose pod runs this shell command once."""
    container = {"name": "main", "image": BUSYBOX, "command": ["sh", "-c", command], "securityContext": RESTRICTED}
    template = {
        "metadata": {"annotations": dict(annotations or {})},
        "spec": {"restartPolicy": "Never", "containers": [container], **(pod or {})},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job"},
        "spec": {"backoffLimit": 0, "template": template},
    }


def terminated(cluster: Cluster, namespace: str) -> dict[str, Any]:
    """How the only container in the namespace ended."""
    pods = json.loads(cluster.kubectl("get", "pods", f"--namespace={namespace}", "--output=json"))
    (pod,) = pods["items"]
    (container,) = pod["status"]["containerStatuses"]
    state: dict[str, Any] = container["state"]["terminated"]
    return state


def wait_for_job(cluster: Cluster, namespace: str, condition: str) -> None:
    cluster.kubectl("wait", "job/job", f"--namespace={namespace}", f"--for=condition={condition}", "--timeout=60s")


def test_the_api_server_takes_a_valid_study_and_refuses_wrong_ones(
    cluster: Cluster, custom_resources: None, namespace: str
) -> None:
    study = a_proxy_study().model_dump(mode="json", by_alias=True, exclude_none=True)
    cluster.apply(study, namespace=namespace)

    wrong_type = {**study, "spec": {**study["spec"], "question": "RankSome"}}
    with pytest.raises(CommandFailed, match='Unsupported value: "RankSome"'):
        cluster.apply(wrong_type, namespace=namespace)

    against_a_rule = {**study, "spec": {**study["spec"], "seeds": {"initial": 9, "maximum": 3}}}
    with pytest.raises(CommandFailed, match="initial: must not be larger than maximum"):
        cluster.apply(against_a_rule, namespace=namespace)


def test_a_restricted_job_runs_on_the_node_and_leaves_its_message_and_its_log(
    cluster_with_node: Cluster, namespace: str
) -> None:
    cluster = cluster_with_node
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    cluster.apply(a_job("echo working; echo -n done > /dev/termination-log"), namespace=namespace)

    wait_for_job(cluster, namespace, "Complete")

    assert terminated(cluster, namespace)["message"] == "done"
    assert cluster.kubectl("logs", "job/job", f"--namespace={namespace}") == "working\n"


def test_a_container_over_its_memory_limit_is_killed_for_it(cluster_with_node: Cluster, namespace: str) -> None:
    job = a_job("tail /dev/zero")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"limits": {"memory": "20Mi"}}
    cluster_with_node.apply(job, namespace=namespace)

    wait_for_job(cluster_with_node, namespace, "Failed")

    assert terminated(cluster_with_node, namespace)["reason"] == "OOMKilled"


def test_pods_reach_the_api_server_by_its_service(cluster_with_node: Cluster, namespace: str) -> None:
    cluster_with_node.apply(a_job("nc -w 5 $KUBERNETES_SERVICE_HOST 443 < /dev/null"), namespace=namespace)

    wait_for_job(cluster_with_node, namespace, "Complete")


def test_a_played_pod_ends_by_itself_or_as_it_is_told(cluster: Cluster, namespace: str) -> None:
    quick = cluster.add_kwok_nodes("quick", pod_seconds=0.1)
    pod = {"nodeSelector": quick.node_selector, "tolerations": quick.tolerations}
    cluster.apply(a_job("", pod, {MESSAGE: '{"score": 0.5}'}), namespace=namespace)
    wait_for_job(cluster, namespace, "Complete")
    assert terminated(cluster, namespace)["message"] == '{"score": 0.5}'
    cluster.kubectl("delete", "job", "job", f"--namespace={namespace}")
    quick.remove()

    told = cluster.add_kwok_nodes("told", pod_seconds=None)
    pod = {"nodeSelector": told.node_selector, "tolerations": told.tolerations}
    cluster.apply(a_job("", pod), namespace=namespace)
    running = ["--for=jsonpath={.status.phase}=Running", "--timeout=30s"]
    cluster.kubectl("wait", "pod", "--selector=job-name=job", f"--namespace={namespace}", *running)
    cluster.kubectl("annotate", "pod", "--selector=job-name=job", f"--namespace={namespace}", f"{EXIT_CODE}=3")
    wait_for_job(cluster, namespace, "Failed")
    assert terminated(cluster, namespace)["exitCode"] == 3
    told.remove()


def test_the_api_server_comes_back_as_it_was_and_a_stopped_cluster_leaves_only_its_logs(
    own_cluster: LocalCluster,
) -> None:
    own_cluster.kubectl("create", "namespace", "kept")
    own_cluster.stop_api_server()
    with pytest.raises(CommandFailed, match="refused"):
        own_cluster.kubectl("get", "namespace", "kept")
    own_cluster.start_api_server()
    own_cluster.kubectl("get", "namespace", "kept")

    own_cluster.stop()

    assert not processes_of(own_cluster.folder)
    assert [file.name for file in own_cluster.folder.iterdir()] == ["logs"]


START_WITH_A_NODE = """
import sys
from pathlib import Path
from cluster.fixtures import skipped_where_unavailable
from cluster.images import BUSYBOX
from cluster.local import start_control_plane
cluster = start_control_plane(Path(sys.argv[1]), reachable_from_pods=True)
cluster.add_node()
cluster.kubectl("run", "sleeper", f"--image={BUSYBOX}")
cluster.kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
print("up", flush=True)
sys.stdin.read()
"""


def test_of_a_killed_test_run_no_process_stays_and_the_next_one_removes_its_control_groups(
    cluster_programs: None, tmp_path: Path
) -> None:
    with skipped_where_unavailable():
        require_node()
    owner = subprocess.Popen(
        [sys.executable, "-c", START_WITH_A_NODE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        assert processes_of(tmp_path)
        owner.kill()

    wait_until(lambda: not processes_of(tmp_path), "the end of its processes")
    remove_stale_cgroups()
    assert not cgroups_of(owner.pid)


def processes_of(folder: Path) -> list[bytes]:
    """The command lines of running processes in which this folder is named."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append(file.read_bytes())
    return [command for command in found if bytes(folder) in command]
