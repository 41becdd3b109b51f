"""The operator under load. `python benchmarks/operator_scale.py [SECTION...] [--trials N] [--seconds S]`

one    2000 trials of one study, 100 at a time: how soon a free slot is used again, memory, writes to the API, and
       whether the last trials cost more than the first. Some 5 minutes.
first  The time from `kubectl apply` to the first pod. Half a minute.
many   20 studies side by side, each with the same work: none may starve. Some 3 minutes.

The yardsticks are limits, and each figure is printed as a ratio to its limit. A control plane, an S3 server and the
operator run as processes on this machine; pods are played by kwok and by a player beside it. Times are those at which
etcd stored an object; other work of the machine lengthens them.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from assay.kube import STUDIES
from cluster.audit import Audit
from cluster.record import Change
from controller.history import Life, lives
from controller.operators import RunningOperator
from controller.playground import Playground, playground, wait_for
from controller.team import Team

USER = "assay-operator"
PROXIES, SEEDS = 3, 5


class Sample(NamedTuple):
    """What the operator had used up to a time (Unix seconds)."""

    at: float
    cpu_seconds: float
    reconcile_seconds: float
    reconciles: float


class Section:
    """A section's figures, which it prints, and whether all are within their limits."""

    def __init__(self, title: str) -> None:
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"\n{title}")
        print(
            f"  on {len(os.sched_getaffinity(0))} cores, which had a load of {load} over the last 1, 5 and 15 minutes"
        )
        self.holds = True

    def show(self, name: str, value: float, limit: float, unit: str, note: str = "") -> None:
        """Print one figure, which may be at most the limit."""
        ratio = value / limit
        self.holds = self.holds and ratio <= 1
        said = "holds" if ratio <= 1 else "DOES NOT HOLD"
        print(f"  {name:44s} {value:9.3f} {unit:4s} ratio to the limit of {limit:g}: {ratio:5.2f}  {said}  {note}")


def one(pg: Playground, given: argparse.Namespace) -> bool:
    """Measure one large study."""
    operator, audit = start(pg)
    hypotheses = math.ceil(given.trials / (PROXIES + 1) / SEEDS)
    trials = hypotheses * (PROXIES + 1) * SEEDS
    team = pg.team("one")
    team.apply(*team.hypotheses(*(f"hypothesis-{number:04d}" for number in range(hypotheses - 1))))
    before = audit.writes()
    team.apply(study(team, "one", given.parallelism, SEEDS, PROXIES))
    samples = sampled(operator, team, ["one"], 600 + 30 * given.seconds * trials / given.parallelism)
    jobs, writes = jobs_of(pg, team), audit.writes() - before
    section = Section(f"one: {trials} trials, {given.parallelism} at a time, of {given.seconds:g} s each")
    seconds = last_end(jobs) - jobs[0].created[1]
    print(f"  {len(jobs)} Jobs in {seconds:.0f} s, {len(jobs) / seconds:.1f} a second")
    show_delays(section, delays_of(jobs, given.parallelism))
    section.show("resident memory, peak", peak_bytes(operator) / 2**20, 300, "MiB")
    section.show("writes to the API per trial", writes.total() / trials, 4, "", said(writes))
    for name, early, late in growths(samples, jobs, given.parallelism):
        figures = f"{1000 * early:.1f} to {1000 * late:.1f} ms"
        section.show(f"{name}, last tenth to first", late / early, 1.3, "", figures)
    section.show("status as JSON", status_bytes(team, "one") / 1024, 32, "KiB")
    print(f"  {'the operator in all':44s} {samples[-1].cpu_seconds / trials * 1000:9.1f} ms of CPU per trial")
    operator.stop()
    return section.holds


def first(pg: Playground, _given: argparse.Namespace) -> bool:
    """Measure ten small studies, one after another."""
    operator, _ = start(pg)
    times = [until_first_pod(pg, pg.team(f"first-{number}")) for number in range(10)]
    section = Section("first: from kubectl apply to the first pod, 10 times")
    section.show(
        "the longest", max(times), 2.0, "s", f"median {statistics.median(times):.3f} s, kubectl's own included"
    )
    operator.stop()
    return section.holds


def until_first_pod(pg: Playground, team: Team) -> float:
    """Return the seconds from the start of kubectl to the study's first pod."""

    def pods() -> list[Change]:
        return [each for each in pg.record.changes() if each.kind == "pods" and each.namespace == team.namespace]

    team.apply(*team.hypotheses("a", "b", "c"))
    began = time.time()
    team.apply(study(team, "first", 2, 2, 1))
    wait_for(lambda: bool(pods()), "a pod", 60)
    return pods()[0].at - began


def many(pg: Playground, given: argparse.Namespace) -> bool:
    """Measure many studies at the same time."""
    operator, _ = start(pg)
    team = pg.team("many")
    team.apply(*team.hypotheses(*(f"hypothesis-{number}" for number in range(4))))
    names = [f"study-{number:02d}" for number in range(given.studies)]
    # Each with trials of its own: what two studies have in common is run once.
    team.apply(*(study(team, name, 5, 5, 1, own=name) for name in names))
    sampled(operator, team, names, 600)
    jobs = jobs_of(pg, team)
    own = {name: [life for life in jobs if life.study == name] for name in names}
    ends = [last_end(own[name]) - jobs[0].created[1] for name in names]
    medians = [statistics.median(delays_of(own[name], 5)) for name in names]
    section = Section(
        f"many: {len(names)} studies of {len(jobs) // len(names)} trials side by side, 5 of each at a time"
    )
    section.show(
        "last study's end to the first one's", max(ends) / min(ends), 1.5, "", f"{min(ends):.1f} to {max(ends):.1f} s"
    )
    section.show("median delay of the slowest study", max(medians), 1.0, "s", f"of the quickest {min(medians):.3f} s")
    section.show("resident memory, peak", peak_bytes(operator) / 2**20, 300, "MiB")
    operator.stop()
    return section.holds


def jobs_of(pg: Playground, team: Team) -> list[Life]:
    """Return the Jobs of a namespace, in the order in which they were made."""
    pg.record.catch_up()
    return [life for life in lives(pg.record.changes()) if life.kind == "jobs" and life.namespace == team.namespace]


def last_end(jobs: Sequence[Life]) -> float:
    """Return when the last of the Jobs ended (Unix seconds)."""
    return max(life.over[1] for life in jobs if life.over)


def show_delays(section: Section, delays: Sequence[float]) -> None:
    """Show the median delay, which is judged, and how far the others reach."""
    most = statistics.quantiles(delays, n=10)[-1]
    section.show(
        "end of a trial to the next start, median", statistics.median(delays), 1.0, "s", f"9 in 10: {most:.3f} s"
    )


def study(team: Team, name: str, parallelism: int, seeds: int, proxies: int, own: str = "") -> dict[str, object]:
    """Return the manifest of a study; `own` makes its trials different from those of other studies."""
    arms = [{"name": f"short-{epochs}", "epochs": epochs} for epochs in range(1, proxies + 1)]
    trainer = {"entrypoint": "team.train:run", "recipe": {"own": own}}
    chosen = {"initial": seeds, "maximum": seeds}
    return team.study(name, proxies=arms, seeds=chosen, trainer=trainer, budget={"parallelism": parallelism})


def start(pg: Playground) -> tuple[RunningOperator, Audit]:
    """Start an operator that the API server knows by its own name."""
    plane = pg.cluster.control_plane
    kubeconfig = plane.kubeconfig_for(
        "operator.kubeconfig", plane.authority.issue("operator", USER, groups=["system:masters"])
    )
    operator = pg.launch_operator({"KUBECONFIG": str(kubeconfig), "AWS_ENDPOINT_URL_S3": pg.s3.endpoint})
    wait_for(operator.is_well, "the operator is well", 60)
    return operator, Audit(pg.folder, USER)


def sampled(operator: RunningOperator, team: Team, studies: Sequence[str], seconds: float) -> list[Sample]:
    """Return samples, one a second, taken until the studies have succeeded."""
    found: list[Sample] = []

    def have_succeeded() -> bool:
        found.append(sample(operator))
        return set(studies) <= {
            manifest["metadata"]["name"]
            for manifest in team.kube.list(STUDIES, team.namespace)
            for condition in manifest.get("status", {}).get("conditions", ())
            if (condition["type"], condition["status"]) == ("Succeeded", "True")
        }

    wait_for(have_succeeded, f"studies of {team.namespace} have succeeded", seconds)
    return [*found, sample(operator)]


def sample(operator: RunningOperator) -> Sample:
    """Return what the operator and the kernel say that it has used."""
    values = {
        metric.name: metric.value
        for family in text_string_to_metric_families(operator.scrape())
        if family.name == "assay_reconcile_duration_seconds"
        for metric in family.samples
        if metric.labels.get("kind") == "study" and "le" not in metric.labels
    }
    fields = Path(f"/proc/{operator.process.pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    name = "assay_reconcile_duration_seconds"
    return Sample(time.time(), cpu, values.get(f"{name}_sum", 0.0), values.get(f"{name}_count", 0.0))


def delays_of(jobs: Sequence[Life], parallelism: int) -> list[float]:
    """Return the seconds from the end of each Job to the creation of the one that took its place, in the order of
    both."""
    ends = sorted(life.over[1] for life in jobs if life.over)
    starts = sorted(life.created[1] for life in jobs)
    return [start - end for end, start in zip(ends, starts[parallelism:], strict=False)]


def growths(samples: Sequence[Sample], jobs: Sequence[Life], parallelism: int) -> list[tuple[str, float, float]]:
    """Return what a trial cost in the first and in the last tenth: a name and two values each.

    The first trials are left out, which all started together and so end together, many to a reconcile; so are the last,
    whose slots are not used again. CPU seconds are those of the whole process; the reconciles' seconds are mostly spent
    waiting for S3 and the API server.
    """
    ends = sorted(life.over[1] for life in jobs if life.over)[2 * parallelism : len(jobs) - parallelism]
    tenth = len(ends) // 10
    cpu, reconcile = [], []
    for since, until in ((ends[0], ends[tenth]), (ends[-tenth - 1], ends[-1])):
        before = next(each for each in reversed(samples) if each.at <= since)
        after = next(each for each in samples if each.at >= until)
        trials = sum(before.at < end <= after.at for end in ends)
        cpu.append((after.cpu_seconds - before.cpu_seconds) / trials)
        reconcile.append((after.reconcile_seconds - before.reconcile_seconds) / trials)
    return [("CPU seconds per trial", cpu[0], cpu[1]), ("reconcile seconds per trial", reconcile[0], reconcile[1])]


def peak_bytes(operator: RunningOperator) -> int:
    """Return the most memory that the process has had."""
    lines = Path(f"/proc/{operator.process.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def status_bytes(team: Team, name: str) -> int:
    """Return the size of a study's status as JSON, in bytes."""
    return len(team.kubectl("get", "pstudy", name, "--output=jsonpath={.status}").encode())


def said(writes: dict[str, int]) -> str:
    """Return counts in words, the largest first."""
    return ", ".join(f"{count} {what}" for what, count in sorted(writes.items(), key=lambda each: -each[1]))


SECTIONS = {"first": first, "many": many, "one": one}


def main() -> int:
    """Run the sections; the exit status is 1 if a figure is beyond its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; default: all")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--parallelism", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a trial, on average")
    parser.add_argument("--studies", type=int, default=20)
    given = parser.parse_args()
    for name in given.sections:
        if name not in SECTIONS:
            parser.error(f"SECTION: given {name!r}; allowed: {', '.join(SECTIONS)}")
    holds = True
    for name in given.sections or SECTIONS:
        with tempfile.TemporaryDirectory(prefix="assay-scale-") as folder:
            options = Audit(Path(folder), USER).options
            with playground(Path(folder), api_server_options=options) as pg:
                pg.start_player(f"--seconds={given.seconds}")
                holds = SECTIONS[name](pg, given) and holds
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
