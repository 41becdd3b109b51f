"""The command line as a person uses it: real processes, a real store, a train function beside the manifests."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from builders.datasets import tiny_dataset

TRAIN = """
import random, time

def train(trial):
    time.sleep({seconds})
    noise = random.Random(f"{{trial.seed}} {{trial.recipe}} {{trial.fidelity}}").gauss(0, 0.001)
    return {{"accuracy": 0.5 + 0.01 * trial.recipe.get("quality", 0) + noise{change}}}
"""

STUDY = """
apiVersion: assay.dev/v1alpha1
kind: ProxyStudy
metadata: {name: toy}
spec:
  hypotheses: {baseline: h0}
  dataset: {manifest: shards/manifest.json}
  trainer: {entrypoint: "toy_team:train", deadlineSeconds: 30}
  metric: {name: accuracy}
  reference: {epochs: 4}
  proxies: [{name: short, epochs: 1}]
  seeds: {initial: 2}
"""

HYPOTHESIS = """
apiVersion: assay.dev/v1alpha1
kind: Hypothesis
metadata: {{name: h{number}}}
spec: {{statement: Quality {number}., recipe: {{quality: {number}}}}}
"""


def a_project(folder: Path, *, hypotheses: int = 4, seconds: float = 0.0) -> Path:
    """A folder with a study, its hypotheses, its data set and its train function."""
    folder.mkdir(exist_ok=True)
    tiny_dataset(folder)
    write_train_function(folder, seconds=seconds)
    documents = [STUDY, *(HYPOTHESIS.format(number=number) for number in range(hypotheses))]
    (folder / "study.yaml").write_text("---".join(documents))
    return folder


def write_train_function(folder: Path, *, seconds: float = 0.0, change: str = "") -> None:
    (folder / "toy_team.py").write_text(TRAIN.format(seconds=seconds, change=change))


def command(project: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "assay.cli", *arguments, "-f", str(project / "study.yaml")]


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    given = arguments or ("run", "-o", "json", "--preload", "")
    return subprocess.run(command(project, *given), cwd=project, capture_output=True, text=True, timeout=120)


def results(project: Path) -> dict[str, Any]:
    found = (project / ".assay/store/default/results").glob("*.json")
    return {path.stem: json.loads(path.read_text()) for path in found}


def started(project: Path) -> list[str]:
    return sorted(path.parent.name for path in (project / ".assay/store").glob("*/studies/*/started/*/*.json"))


def what_was_found(project: Path) -> dict[str, Any]:
    """The end of a study, measured times and their costs aside."""
    done = run(project)
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    return {
        "scores": {key: result["score"] for key, result in results(project).items()},
        "ranking": [{k: v for k, v in row.items() if k != "relativeCostPercent"} for row in status["ranking"]],
        "decisions": [(arm["name"], arm.get("decision"), arm.get("agreement")) for arm in status["arms"]],
        "trials": status["trials"],
    }


def test_a_study_ends_with_its_status_and_running_it_again_repeats_nothing(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    first = run(project)
    assert first.returncode == 0, first.stderr
    status = json.loads(first.stdout)
    assert status["trials"] == {"planned": 16, "succeeded": 16, "failed": 0, "running": 0, "pending": 0, "stale": 0}
    assert [row["name"] for row in status["ranking"]] == ["h3", "h2", "h1", "h0"]
    assert Path(status["report"].removeprefix("file://")).read_text().startswith("<!")
    before = started(project)
    assert run(project).returncode == 0
    assert started(project) == before


def test_an_edited_train_function_reuses_no_stale_result(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    assert run(project).returncode == 0
    before = results(project)
    write_train_function(project, change=" + 0.1")
    status = json.loads(run(project).stdout)
    assert status["trials"]["stale"] == len(before) == 16
    assert min(float(row["score"]) for row in status["ranking"]) > 0.59
    assert len(results(project)) == 32


def test_a_run_that_is_killed_at_random_moments_reaches_the_same_end(tmp_path: Path) -> None:
    undisturbed = what_was_found(a_project(tmp_path / "undisturbed", seconds=0.05))
    project = a_project(tmp_path / "killed", seconds=0.05)
    draw = random.Random(2)
    known: set[str] = set()
    for moment in range(20):
        process = subprocess.Popen(
            command(project, "run", "-o", "json", "--preload", ""),
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Killed after so many more trials have been started, or at once: progress is certain, the moment is not.
        target = len(started(project)) + draw.randint(0, 2)
        while process.poll() is None and len(started(project)) < target:
            time.sleep(0.01)
        time.sleep(draw.random() * 0.1)
        victim = process.pid if moment % 2 else next(iter(workers_of(process.pid)), process.pid)
        with contextlib.suppress(ProcessLookupError):  # it may have ended just now
            os.kill(victim, signal.SIGKILL)
        if victim != process.pid:
            time.sleep(draw.random() * 0.2)
            process.kill()
        process.wait()
        assert known <= set(results(project))
        known = set(results(project))
    again = [key for key in known for _ in (project / f".assay/store/default/attempts/{key}").glob("*.json")]
    assert what_was_found(project) == undisturbed
    finished_twice = [key for key in known if started(project).count(key) > 1 + again.count(key)]
    assert finished_twice == []


def workers_of(pid: int) -> list[int]:
    """The processes that a process' children have started: the trials that run."""

    def children(parent: int) -> list[int]:
        try:
            return [int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        except OSError:
            return []

    return [worker for child in children(pid) for worker in children(child)]


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project", seconds=5.0)
    process = subprocess.Popen(
        command(project, "run", "--preload", ""),
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not started(project) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in output
    failures = [json.loads(path.read_text()) for path in (project / ".assay/store/default/attempts").rglob("*.json")]
    assert failures
    assert {failure["reason"] for failure in failures} == {"Stopped"}


@pytest.mark.parametrize(
    ("old", "new", "wants"),
    [
        ("reference: {epochs: 4}", "reference: {epoch: 4}", ["spec.reference", "epoch", "epochs"]),
        ("baseline: h0", "baseline: h00", ["spec.hypotheses.baseline", "h00", "did you mean h0"]),
        ("epochs: 1}", "epochs: 9}", ["spec.proxies[0].epochs", "9", "4"]),
        ("epochs: 1}", "imageSize: 7}", ["imageSize", "7", "8"]),
        ("toy_team:train", "toy_team:trian", ["spec.trainer.entrypoint", "trian", "train"]),
        ("shards/manifest.json", "nowhere/manifest.json", ["spec.dataset.manifest", "nowhere"]),
        ("kind: ProxyStudy", "kind: ProxyStudies", ["ProxyStudies", "ProxyStudy"]),
        ("seeds: {initial: 2}", "seeds: {initial: two}", ["spec.seeds.initial", "two"]),
        ("seeds: {initial: 2}", "seeds: [", ["study.yaml"]),
    ],
)
def test_bad_input_is_refused_with_its_field_what_was_given_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, wants: list[str]
) -> None:
    project = a_project(tmp_path / "project", hypotheses=2)
    file = project / "study.yaml"
    file.write_text(file.read_text().replace(old, new))
    done = run(project)
    assert done.returncode == 2, done.stderr
    for want in wants:
        assert want in done.stderr
    assert "Traceback" not in done.stderr
