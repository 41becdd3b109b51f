"""Studies whose owners are careless or mean harm, beside ten honest ones: these end as if they were alone, and the
operator stays below its memory limit, which is the chart's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.controller.settings import Settings
from assay.kube import HYPOTHESES, Kube
from assay_trainer.contract import TrialRequest, result_name
from builders.s3_faults import FaultyS3, drips
from builders.s3_server import BUCKET, S3Server
from chart.releases import CHART
from cluster.cgroups import cgroup_name, limit_memory, remove_cgroup
from cluster.client import Cluster
from controller.operators import Operators, RunningOperator
from controller.played_pods import PlayedPods
from controller.team import Team

MEMORY = yaml.safe_load((CHART / "values.yaml").read_text())["resources"]["limits"]["memory"]
HONEST, STUDIES_EACH = 2, 5
SLOW = Settings.workers + 1
"""Studies whose data sets drip: each holds one of the operator's threads for half a minute, again and again."""
CONDITIONS = {"StoreUnreachable": "Reconciling"}
"""What passes by itself is said there; what has to be mended, in the others."""
MOST_HYPOTHESES, MANY = 200, 300
"""The first is what this operator is told, so that the second need not be thousands."""


@pytest.fixture
def teams(cluster: Cluster, kube: Kube, dataset: str) -> Iterator[list[Team]]:
    """Yield teams with a namespace each: the hostile one, one with very many hypotheses, and the honest ones."""
    names = [f"test-{kind}-{os.urandom(3).hex()}" for kind in ("hostile", "many", *["honest"] * HONEST)]
    for name in names:
        cluster.kubectl("create", "namespace", name)
    for name in names:
        cluster.kubectl("wait", f"--namespace={name}", "--for=create", "serviceaccount/default", "--timeout=30s")
    yield [Team(cluster, kube, name, dataset) for name in names]
    cluster.kubectl("delete", "namespace", *names, "--wait=false")


@pytest.fixture
def slow_s3(s3_environment: S3Server) -> Iterator[FaultyS3]:
    """Yield a server that takes half an hour to send what is below `slow`."""
    for number in range(SLOW):
        key = f"slow/{number}/manifest.json"
        s3_environment.client().put_object(Bucket=BUCKET, Key=key, Body=bytes(100_000))
    with FaultyS3(s3_environment) as proxy:
        proxy.below[f"/{BUCKET}/slow/"] = drips
        yield proxy


@pytest.fixture
def service(
    cluster: Cluster, custom_resources: None, tmp_path: Path, slow_s3: FaultyS3, s3_environment: S3Server
) -> Iterator[tuple[Operators, RunningOperator]]:
    """Yield an operator for all namespaces, with the chart's memory limit where a process can have one."""
    with Operators.of(cluster.kubeconfig, tmp_path, "") as operators:
        allowed = f"{tmp_path.resolve().parents[-2].as_uri()},s3://{BUCKET}/slow"
        environment = {**s3_environment.environment, "AWS_ENDPOINT_URL_S3": slow_s3.endpoint}
        operator = operators.start(
            {**environment, "ASSAY_DATASETS": allowed, "ASSAY_LIMIT_HYPOTHESES": str(MOST_HYPOTHESES)}
        )
        group = cgroup_name("operator")
        with suppress(OSError):
            limit_memory(group, operator.process.popen.pid, in_bytes(MEMORY))
        yield operators, operator
    remove_cgroup(group)


def in_bytes(quantity: str) -> int:
    return int(quantity.removesuffix("Gi")) << 30


def most_memory(process: int) -> int:
    """Return the most memory that a process has had so far, in bytes."""
    (line,) = [each for each in Path(f"/proc/{process}/status").read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) << 10


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def sparse(path: Path, size: int) -> str:
    """Make a file that claims to have `size` bytes and return its URI."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return path.as_uri()


def written(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path.as_uri()


def keys(count: int) -> bytes:
    return b'{"kind":"Trial",' + b",".join(b'"%d":0' % number for number in range(count)) + b"}"


def spoils(store: Path) -> Callable[[TrialRequest], float]:
    """Return how trials end: those of some studies leave a spoilt object as their result."""
    makers: Mapping[str, Callable[[Path], object]] = {
        "result-of-a-gigabyte": lambda path: sparse(path, 1_200_000_000),
        "result-nested-deeply": lambda path: written(path, b'{"metrics":' + b"[" * 500_000),
        "result-of-many-keys": lambda path: written(path, keys(1_000_000)),
    }

    def outcome(item: TrialRequest) -> float:
        path = store / result_name(item.key)
        if item.study in makers and not path.exists():
            makers[item.study](path)
        return a_score(item)

    return outcome


def study_of_its_own(team: Team, name: str, **spec: Any) -> dict[str, Any]:
    """Return the manifest of a study that shares no trial with another."""
    return dict(team.study(name, trainer={"entrypoint": "team.train:run", "recipe": {"of": name}}, **spec))


def apply_hostile(team: Team, folder: Path) -> Mapping[str, tuple[str, str, str]]:
    """Apply hostile studies and return what each is told: a condition, its reason, and a part of its message."""
    os.mkfifo(folder / "pipe")
    gigabytes = sparse(folder / "huge" / "manifest.json", 1_500_000_000)
    many_keys = written(folder / "keys" / "manifest.json", keys(300_000))
    manifests = {
        "endless-device": ("file:///dev/zero", "NotAllowed", "allowed: what is below"),
        "pipe": ((folder / "pipe").as_uri(), "DatasetNotReadable", "it is not a regular file"),
        "manifest-of-gigabytes": (gigabytes, "DatasetNotReadable", "which has 1500000000 bytes"),
        "manifest-of-many-keys": (many_keys, "DatasetNotReadable", "fields are wrong"),
        "slow-0": (f"s3://{BUCKET}/slow/0/manifest.json", "StoreUnreachable", "which is too slow"),
        "of-another-team": ("s3://another-team/manifest.json", "NotAllowed", "allowed: what is below"),
    }
    team.apply(*team.hypotheses("other"))
    team.apply(*(study_of_its_own(team, name, dataset={"manifest": uri}) for name, (uri, *_) in manifests.items()))
    more = {f"slow-{number}": f"s3://{BUCKET}/slow/{number}/manifest.json" for number in range(1, SLOW)}
    team.apply(*(study_of_its_own(team, name, dataset={"manifest": uri}) for name, uri in more.items()))
    results = {
        "result-of-a-gigabyte": "1200000000 bytes; allowed: 1048576 (limits.result)",
        "result-nested-deeply": "recursion limit exceeded",
        "result-of-many-keys": "bytes; allowed: 1048576 (limits.result)",
    }
    team.apply(*(study_of_its_own(team, name) for name in results))
    return {
        **{name: (CONDITIONS.get(reason, "Accepted"), reason, said) for name, (_, reason, said) in manifests.items()},
        **{name: ("Stalled", "ObjectNotReadable", said) for name, said in results.items()},
    }


def apply_many(team: Team, kube: Kube) -> None:
    """Apply more hypotheses than a study may select, one of them as large as the API server takes."""
    names = [f"h{number}" for number in range(MANY)]
    manifests = [team.hypothesis(name, recipe={"x": number}) for number, name in enumerate(names)]
    manifests.append(team.hypothesis("large", recipe={"x": "x" * 1_400_000}))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: kube.create(HYPOTHESES, team.namespace, each), manifests))
    assert len(kube.list(HYPOTHESES, team.namespace)) == len(manifests)  # page by page, whatever their sizes
    team.apply(team.study("many", hypotheses={"baseline": "h0"}))


def test_honest_studies_end_as_if_they_were_alone(
    kube: Kube, service: tuple[Operators, RunningOperator], teams: list[Team], tmp_path: Path
) -> None:
    operators, operator = service
    hostile, many, *honest = teams
    with ExitStack() as stack:
        spoilt = spoils(operators.store / hostile.namespace)
        stack.enter_context(PlayedPods(kube, hostile.namespace, spoilt))
        want = apply_hostile(hostile, tmp_path)
        apply_many(many, kube)
        for team in honest:
            stack.enter_context(PlayedPods(kube, team.namespace, a_score))
            team.apply(*team.hypotheses("other", "third"))
            team.apply(*(study_of_its_own(team, f"study-{number}") for number in range(STUDIES_EACH)))
        for team in honest:
            for number in range(STUDIES_EACH):
                team.wait("Succeeded", study=f"study-{number}", seconds=120)
                status = team.get(f"study-{number}")["status"]
                assert [row["name"] for row in status["ranking"]] == ["baseline", "other", "third"]
                assert status["trials"]["succeeded"] == status["trials"]["planned"] == 12
                assert "failed" not in status["trials"] or not status["trials"]["failed"]
        for name, (kind, reason, said) in want.items():
            status = "False" if kind == "Accepted" else "True"
            assert said in hostile.wait(kind, status=status, reason=reason, study=name, seconds=120), name
        said = many.wait("Accepted", status="False", reason="NotAllowed", study="many", seconds=120)
        assert f"given {MANY + 1} hypotheses; allowed: at most {MOST_HYPOTHESES} (limits.hypotheses)" in said
    assert operator.process.running
    assert operator.is_well()
    assert "InternalError" not in operator.log()
    assert most_memory(operator.process.popen.pid) < in_bytes(MEMORY)
