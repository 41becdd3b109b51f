"""What a local run costs in addition to training. `python benchmarks/local_runner.py [SECTION...]`

runner  The process runner's overhead per trial; the yardstick is a fresh Python process for each trial.
plan    One round of planning, for studies of more and more trials; the yardstick is growth in proportion to the
        trials. Half a minute.
seeds   The same where hypotheses get further seeds while the question is open for them (500 hypotheses, 10 000 trials),
        against a limit in seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from assay.api.resources import ProxyArm, Question
from assay.planning.plan import plan
from assay.planning.records.records import Records
from assay.planning.study.study import Study
from assay.ranking.memory import Memory
from assay.rounds.reconcile import ANSWERS_OF_A_STUDY
from assay.runners.processes import ProcessRunner
from assay_trainer import contract
from assay_trainer.contract import Dataset, Fidelity, TrialRequest, TrialResult, WorkRequest, result_name
from assay_trainer.objects import ObjectNotFound, Objects, open_objects
from assay_trainer.shards import build_shards

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from builders.studies import a_study, records_of_scores

ROUNDS, FORKED_PER_ROUND = 10, 3

HYPOTHESES, PROXIES, SEEDS, PLANS = (50, 100, 200, 400), 4, 5, 31

TRAIN_FUNCTION = """
import time
import torch

def train(trial):
    began = time.perf_counter()
    images, labels = trial.training_data()
    x = torch.from_numpy(images).flatten(1).float() / 255
    y = torch.from_numpy(labels)
    model = torch.nn.Linear(x.shape[1], len(trial.classes))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return {"loss": loss.item(), "training_seconds": time.perf_counter() - began}
"""

FRESH_PROCESS = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
torch.optim.SGD([torch.nn.Parameter(torch.empty(1))], lr=0.0)
from assay_trainer.contract import WorkRequest
from assay_trainer.attempts.harness import perform
from assay_trainer.objects import open_objects
request = WorkRequest.model_validate_json(sys.stdin.read())
perform(request.items[0], open_objects(request.store), device="cpu", threads=1)
"""


def runner_section() -> bool:
    """Compare the process runner with a fresh process per trial. Both run the same trials, in turns; the time is from
    the order to the result in the store, less the time within the train function."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "do_little.py").write_text(TRAIN_FUNCTION)
        store = open_objects((folder / "store").as_uri())
        trials = iter(_trials(_dataset(folder), 1 + ROUNDS * (FORKED_PER_ROUND + 1)))
        forked: list[float] = []
        fresh: list[float] = []
        with ProcessRunner(paths=[folder], log_folder=folder / "logs") as runner:
            began = time.perf_counter()
            runner.slots()
            ready_seconds = time.perf_counter() - began
            _forked(runner, store, next(trials))  # the first one reads what is not in the page cache yet
            for _ in range(ROUNDS):
                forked += [_forked(runner, store, next(trials)) for _ in range(FORKED_PER_ROUND)]
                fresh.append(_fresh(folder, store, next(trials)))
    ratio = statistics.median(fresh) / statistics.median(forked)
    print(f"runner: overhead per trial, {platform.machine()}, {len(os.sched_getaffinity(0))} cores")
    print(f"  fork server ready, once     {ready_seconds:6.2f} s")
    print(f"  forked from it              {_summary(forked)}")
    print(f"  fresh Python with torch     {_summary(fresh)}")
    holds = statistics.median(forked) <= 0.3 and ratio >= 10
    print(f"  ratio of the medians        {ratio:6.1f}   (wanted: at least 10, and 0.3 s at most: {_said(holds)})")
    return holds


def _dataset(folder: Path) -> Dataset:
    random = np.random.default_rng(0)
    np.savez(folder / "noise.npz", x=random.integers(0, 256, (200, 8, 8, 1), np.uint8), y=np.arange(200) % 2)
    built = build_shards(
        folder / "noise.npz", str(folder / "shards"), name="noise", sizes=(8,), held_out_percent=20, seed=0
    )
    return built.dataset


def _trials(dataset: Dataset, count: int) -> list[TrialRequest]:
    code = contract.digest(TRAIN_FUNCTION.encode())
    return [
        contract.keyed_trial(
            study="benchmark",
            hypothesis="none",
            arm="reference",
            seed=seed,
            code=code,
            entrypoint="do_little:train",
            recipe={},
            fidelity=Fidelity(),
            dataset=dataset,
            held_out=dataset,
            metric="loss",
            deadline_seconds=60,
        )
        for seed in range(count)
    ]


def _forked(runner: ProcessRunner, store: Objects, trial: TrialRequest) -> float:
    began = time.perf_counter()
    runner.start(WorkRequest(store=store.uri, items=(trial,)), "")
    overhead = _until_result(store, trial, began)
    runner.wait(None)
    runner.observe()
    runner.forget(trial.key, trial.attempt)
    return overhead


def _fresh(folder: Path, store: Objects, trial: TrialRequest) -> float:
    request = WorkRequest(store=store.uri, items=(trial,)).model_dump_json().encode()
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", FRESH_PROCESS, str(folder)], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.close()
        return _until_result(store, trial, began)


def _until_result(store: Objects, trial: TrialRequest, began: float) -> float:
    while True:
        try:
            text = store.get(result_name(trial.key))
        except ObjectNotFound:
            if time.perf_counter() - began > 120:
                raise RuntimeError(f"no result of {trial.key} after 120 s") from None
            time.sleep(0.001)
            continue
        seconds = time.perf_counter() - began
        return seconds - TrialResult.model_validate_json(text).metrics["training_seconds"]


def _summary(seconds: Sequence[float]) -> str:
    tenths = statistics.quantiles(seconds, n=10)
    return (
        f"{statistics.median(seconds):6.3f} s   (median of {len(seconds)}; "
        f"80 % of them {tenths[0]:.3f} to {tenths[-1]:.3f})"
    )


def _said(holds: bool) -> str:
    return "holds" if holds else "DOES NOT HOLD"


def plan_section() -> bool:
    """Time one round of planning where half of the study has ended, and one trial more before each round. Results are
    read beforehand, and the design is known: it is worked out once per edit of a study."""
    print(f"plan: one round, {PROXIES} proxies, {SEEDS} seeds")
    medians = {}
    for hypotheses in HYPOTHESES:
        study, records = _half_run(hypotheses)
        trials = len(study.design.trials)
        seconds, memory = [], Memory(ANSWERS_OF_A_STUDY)
        for number in range(PLANS):
            known = dict(islice(records.items(), trials // 2 + number))
            began = time.perf_counter()
            plan(study, known, now=1_000_000.0, memory=memory)
            seconds.append(time.perf_counter() - began)
        medians[trials] = statistics.median(seconds)
        print(f"  {trials:6d} trials of {hypotheses:3d} hypotheses   {_summary(seconds)}")
    (fewest, fast), (most, slow) = min(medians.items()), max(medians.items())
    growth = (slow / fast) / (most / fewest)
    holds = slow <= 0.05 and growth <= 1.3
    print(f"  growth over that of the trials {growth:9.2f}   (wanted: at most 1.3, and 0.05 s: {_said(holds)})")
    return holds


def _half_run(hypotheses: int) -> tuple[Study, Records]:
    """Return a study whose results are all known, after one plan that warms the planner up."""
    random = np.random.default_rng(0)
    proxies = [ProxyArm(name=f"short{epochs}", epochs=epochs) for epochs in range(1, PROXIES + 1)]
    study = a_study(hypotheses=hypotheses, proxies=proxies, seeds=SEEDS)
    records = records_of_scores(study, lambda _: float(random.normal()))
    plan(study, records, now=1_000_000.0)
    return study, records


def seeds_section() -> bool:
    """Time the rounds after the initial seeds, as results come one after another. The slowest are those in which the
    last result of a seed comes, since all open hypotheses are judged anew. The first plan also simulates for a look at
    trust."""
    print("seeds: one round, 500 hypotheses, 1 proxy, 3 to 10 seeds")
    limit, hold = 0.2, []
    for question in Question:
        proxies = [ProxyArm(name="short", epochs=2)]
        study = a_study(
            hypotheses=500, proxies=proxies, seeds=3, maximum=10, question=question, smallest_effect="0.1", capacity=8
        )
        random = np.random.default_rng(0)
        truth = {hypothesis.name: float(random.normal()) for hypothesis in study.hypotheses}
        noise = {trial.key: float(random.normal(0, 0.3)) for trial in study.design.trials}
        results = records_of_scores(study, lambda trial: truth[trial.hypothesis] + noise[trial.key])  # noqa: B023
        known = {trial.key: results[trial.key] for trial in study.design.initial_trials}
        memory = Memory(ANSWERS_OF_A_STUDY)
        first, _ = _timed_plan(study, known, memory)
        usual, full = [], []
        while True:
            seconds, wanted = _timed_plan(study, known, memory)
            full.append(seconds)
            missing = [key for key in wanted if key not in known]
            if not missing:
                break
            for key in missing[:3]:
                known = {**known, key: results[key]}
                usual.append(_timed_plan(study, known, memory)[0])
            known = {**known, **{key: results[key] for key in missing}}
        print(f"  {question.value:12s} usual {_summary(usual)}; after a seed of all at most {max(full):.3f} s", end="")
        print(f"; with a look at trust {first:.2f} s; {len(known)} of {len(study.design.trials)} trials wanted")
        hold.append(statistics.median(usual) <= limit)
    print(f"  wanted: at most {limit} s at the median: {_said(all(hold))}")
    return all(hold)


def _timed_plan(study: Study, known: Records, memory: Memory) -> tuple[float, frozenset[str]]:
    """Return the seconds of a plan, and the keys of all trials that are wanted."""
    began = time.perf_counter()
    decided = plan(study, known, now=1_000_000.0, memory=memory)
    return time.perf_counter() - began, decided.judgement.agenda.keys


SECTIONS = {"runner": runner_section, "plan": plan_section, "seeds": seeds_section}


def main() -> int:
    """Run the sections; the exit status is 1 if one of them misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; default: all")
    given = parser.parse_args()
    for name in given.sections:
        if name not in SECTIONS:
            parser.error(f"SECTION: given {name!r}; allowed: {', '.join(SECTIONS)}")
    hold = [SECTIONS[name]() for name in given.sections or SECTIONS]  # all of them, whatever the first one says
    return 0 if all(hold) else 1


if __name__ == "__main__":
    sys.exit(main())
