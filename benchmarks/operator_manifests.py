"""How wrong manifests are answered. `python benchmarks/operator_manifests.py [--count N]`

Valid studies and hypotheses, changed at random in one to three places, are put to a real API server with a real
operator. Each must be refused by the API server's schema, or get Accepted=False with the field's path and what is
allowed, or be valid; the yardstick is what `assay validate` says of it. The operator must log no error, never say
InternalError, and look at each object a bounded number of times.

10 000 manifests take some 10 minutes. The exit status is 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from assay.kube import Kube
from builders.datasets import tiny_dataset
from cluster.local import start_control_plane
from cluster.watch import Api
from controller.mutations.campaign import BATCH, Campaign, cases
from controller.mutations.operator_at_work import SETTINGS, Work, complaints, two_teams, work_of
from controller.operators import Operators
from controller.playground import CRDS, wait_for

RECONCILES = 8
"""The most reconciles per object, on average: it is applied, looked at, written to, seen again, and deleted."""


def main() -> int:
    """Print the outcomes; return 1 if something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-manifests-") as name:
        folder = Path(name)
        dataset = tiny_dataset(folder / "dataset").manifest
        began = time.monotonic()
        every = cases(given.count, given.seed, dataset)
        print(f"{len(every)} manifests made in {time.monotonic() - began:.0f} s, seed {given.seed}", flush=True)
        with start_control_plane(folder / "cluster") as cluster:
            cluster.kubectl("apply", "--server-side", "--filename", CRDS)
            cluster.kubectl("wait", "--for=condition=Established", "--filename", CRDS, "--timeout=30s")
            kube = Kube.from_kubeconfig(cluster.kubeconfig)
            (folder / "operators").mkdir()
            with Operators.of(cluster.kubeconfig, folder / "operators", "") as operators:
                operator = operators.launch(SETTINGS)
                wait_for(operator.is_well, "the operator is well", 60)
                studies, hypotheses = two_teams(cluster, kube, dataset)
                began = time.monotonic()
                campaign = Campaign(kube, Api(cluster.kubeconfig), studies, hypotheses)
                findings = campaign.run(every)
                seconds, work = time.monotonic() - began, work_of(operator)
                wrong = [*findings.wrong, *complaints(operator)]
    return shown(findings.outcomes, findings.apart, wrong, work, len(every), seconds)


def shown(outcomes: dict[str, int], apart: list[str], wrong: list[str], work: Work, count: int, seconds: float) -> int:
    """Print the outcomes; return the exit status."""
    for outcome, number in sorted(outcomes.items(), key=lambda each: -each[1]):
        print(f"{outcome:70s} {number:6d}")
    print(f"{'manifests a second':70s} {count / seconds:8.1f}   in batches of {BATCH}")
    taken = outcomes["taken by the API server"]
    each = work.reconciles / taken
    ratio = f"ratio to the limit of {RECONCILES}: {each / RECONCILES:.2f}"
    print(f"{'reconciles per object that was taken':70s} {each:8.1f}   {ratio}")
    print(f"{'CPU seconds of the operator per object':70s} {work.cpu_seconds / taken:8.4f}")
    print(f"{'where schema and models disagree':70s} {len(apart):6d}")
    for line in apart[:40]:
        print(f"  {line}")
    print(f"{'violations':70s} {len(wrong):6d}   (limit: 0)")
    for line in wrong[:40]:
        print(f"  {line[:1000]}")
    return 1 if wrong or apart or each > RECONCILES else 0


if __name__ == "__main__":
    sys.exit(main())
