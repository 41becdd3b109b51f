"""Studies whose operator is killed again and again, compared with the same studies that were left alone."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.kube import KubeError
from assay_trainer.objects import open_objects
from builders.s3_server import BUCKET
from controller.chaos.checks import first_results, violations
from controller.chaos.disturbances import Disturbances
from controller.chaos.studies import STUDIES, apply_studies, differences, have_ended, outcome
from controller.history import lives
from controller.operators import RunningOperator
from controller.playground import Playground, wait_for
from controller.team import Team

OPERATOR_SETTINGS = {"ASSAY_S3_RETRY_SECONDS": "1"}
"""So that the operator itself sees what would else be tried again below it."""

_LONGEST_SECONDS = 300.0


@dataclass
class Chaos:
    """What happened in all rounds so far, and what was wrong. The studies have so many `seeds`."""

    seeds: int = 3
    kills: int = 0
    rounds: int = 0
    jobs: int = 0
    results: int = 0
    attempts_beyond_first: int = 0
    wrong: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)


def undisturbed(pg: Playground, chaos: Chaos, namespace: str = "calm") -> Mapping[str, Any]:
    """Run the studies while nothing disturbs them and return what they found."""
    operator = pg.launch_operator()
    wait_for(operator.is_well, "the operator is well", 60)
    team = pg.team(namespace)
    apply_studies(team, chaos.seeds)
    wait_for(lambda: have_ended(team), "the undisturbed studies have ended", _LONGEST_SECONDS)
    operator.stop()
    return outcome(team, open_objects(f"s3://{BUCKET}/results/{namespace}"))


def disturbed_round(
    pg: Playground,
    chaos: Chaos,
    calm: Mapping[str, Any],
    *,
    kills: int,
    seed: int,
    operators: int = 1,
    say: Callable[[str], None] = print,
) -> None:
    """Run the same studies in a namespace of their own, with at most `kills` kills at random moments while they run."""
    namespace = f"chaos-{chaos.rounds}"
    team, began, before = pg.team(namespace), time.monotonic(), len(pg.operators.started)
    apply_studies(team, chaos.seeds)
    with Disturbances(pg, random.Random(f"disturbances/{seed}"), namespace) as disturbances:
        running, killed = _kill_at_random(pg, team, random.Random(f"kills/{seed}"), kills, operators)
    try:
        wait_for(lambda: _have_ended(team), f"the studies of {namespace} have ended", _LONGEST_SECONDS)
        found = outcome(team, open_objects(f"s3://{BUCKET}/results/{namespace}"))
        wrong = differences(calm, found)
        chaos.results += sum(name.startswith("result ") for name in found)
    except TimeoutError as error:
        wrong = [f"{error}: {[team.get(name).get('status', {}).get('conditions') for name in STUDIES]}"]
    for operator in running:
        operator.kill()
    wrong += _of_record(pg, chaos, namespace, across_studies=operators == 1)
    wrong += [line for operator in pg.operators.started[before:] for line in _complaints(operator)]
    chaos.kills += killed
    chaos.rounds += 1
    chaos.wrong += [f"{namespace}: {line}" for line in wrong]
    chaos.done += disturbances.done
    say(f"{namespace}: {killed} kills, {time.monotonic() - began:.0f} s, {len(wrong)} violations")
    for line in wrong:
        say(f"  {line[:600]}")


def _kill_at_random(
    pg: Playground, team: Team, chance: random.Random, kills: int, operators: int
) -> tuple[list[RunningOperator], int]:
    """Start so many operators, kill one again and again and start another in its place, until the studies have ended or
    there were so many kills. Those that run in the end, and how many were killed."""
    running = [pg.launch_operator(OPERATOR_SETTINGS) for _ in range(operators)]
    killed, until = 0, time.monotonic() + _LONGEST_SECONDS
    while killed < kills and not _have_ended(team) and time.monotonic() < until:
        victim = chance.randrange(operators)
        if chance.random() < 0.7:  # else it may be killed before it has looked at anything
            wait_for(running[victim].is_well, f"{running[victim].process.name} is well", 120)
        time.sleep(chance.uniform(0.0, 4.0))
        running[victim].kill()
        killed += 1
        time.sleep(chance.choice([0.0, 0.0, chance.uniform(0.0, 2.0)]))
        running[victim] = pg.launch_operator(OPERATOR_SETTINGS)
    return running, killed


def _have_ended(team: Team) -> bool:
    """Return whether the studies are known to have ended: False while the API server is away."""
    try:
        return have_ended(team)
    except KubeError:
        return False


def _of_record(pg: Playground, chaos: Chaos, namespace: str, *, across_studies: bool) -> list[str]:
    pg.record.catch_up()
    history = [life for life in lives(pg.record.changes()) if life.namespace == namespace]
    jobs = [life for life in history if life.kind == "jobs"]
    chaos.jobs += len(jobs)
    chaos.attempts_beyond_first += sum(attempt > 1 for job in jobs for _, attempt in job.attempts)
    keys = {key for job in jobs for key, _ in job.attempts}
    # Another namespace has trials of the same keys, and a store of its own.
    began = min((job.created[1] for job in jobs), default=0.0)
    noted = [note for note in pg.noted() if note.key in keys and note.at >= began]
    return violations(history, first_results(noted), across_studies=across_studies)


def _complaints(operator: RunningOperator) -> list[str]:
    """Return what no operator should log: a reconcile that raised something. Only Assay's own errors count: kopf also
    logs an error when the API server is away."""
    lines = operator.log().splitlines()
    return [
        f"{operator.process.name} logs: {' | '.join(lines[index : index + 40])}"
        for index, line in enumerate(lines)
        if "reconcile failed" in line or (" assay." in line and "[ERROR" in line) or line.startswith("Fatal")
    ]
