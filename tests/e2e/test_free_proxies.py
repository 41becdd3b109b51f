"""A study whose proxy is the reference's own curve: calibrating it costs nothing, and screening on it ends early."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from builders.toy_project import STUDY, WITHOUT_PRELOADING, a_project, command, of_quality, run, write_manifests

TRAIN = """
import random, time

def train(trial):
    noise = random.Random(f"{trial.seed} {trial.recipe}").gauss(0, 0.001)
    for epoch in range(1, trial.fidelity.epochs + 1):
        accuracy = (0.5 + 0.01 * trial.recipe.get("quality", 0) + noise) * epoch / trial.fidelity.epochs
        time.sleep(0.01)
        if REPORTS:
            trial.report(epoch, accuracy=accuracy, loss=1 - accuracy)
    return {"accuracy": accuracy, "loss": 1 - accuracy}
"""

FREE = STUDY.replace(
    "proxies: [{name: short, epochs: 1}]",
    "proxies: [{name: early, readAt: {epochs: [2]}}, {name: loss, metric: {name: loss, goal: Minimize}}]\n"
    '  trust: {threshold: "0.3"}\n'
    "  screening: {promote: 1, auditPercent: 0}",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = a_project(tmp_path / "toy")
    write_train_function(folder, reports=True)
    return folder


def write_train_function(folder: Path, *, reports: bool) -> None:
    (folder / "toy_team.py").write_text(TRAIN.replace("REPORTS", str(reports)))


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(each.read_text()) for each in folder.rglob("results/*.json")]


def status(folder: Path) -> dict[str, Any]:
    ended = run(folder, "report", "-o", "json")
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_calibration_runs_the_reference_alone_and_newcomers_end_after_the_epoch(project: Path) -> None:
    write_manifests(project, FREE, *(of_quality(number) for number in range(24)))
    ended = run(project, "run", *WITHOUT_PRELOADING)
    assert ended.returncode == 0, ended.stderr
    assert Counter(each["arm"] for each in results(project)) == {"reference": 48}
    arms = {arm["name"]: arm for arm in status(project)["arms"]}
    assert [arms[name]["decision"] for name in ("early", "loss")] == ["Trusted", "Trusted"]
    assert "Free: its scores are read from trials that run anyway" in " ".join(ended.stdout.split())
    write_manifests(project, FREE, *(of_quality(number) for number in range(28)))
    started = subprocess.Popen(command(project, "run", *WITHOUT_PRELOADING), cwd=project, stdout=subprocess.DEVNULL)
    while len(results(project)) < 50:
        assert started.poll() is None
    started.send_signal(signal.SIGKILL)
    started.wait()
    again = run(project, "run", *WITHOUT_PRELOADING)
    assert again.returncode == 0, again.stderr
    found = results(project)
    assert Counter(each["arm"] for each in found) == {"reference": 50, "early": 8}
    early = [each for each in found if each["arm"] == "early"]
    assert {each["hypothesis"] for each in early} == {"h24", "h25", "h26", "h27"}
    assert {tuple(point["epoch"] for point in each["curve"]) for each in early} == {(1, 2)}
    assert {each["hypothesis"] for each in found if each["arm"] == "reference"} >= {"h27"}


def test_a_function_that_never_reports_ends_as_usual_and_is_told_why_the_arm_can_not_be_read(project: Path) -> None:
    write_train_function(project, reports=False)
    write_manifests(project, FREE, *(of_quality(number) for number in range(3)))
    ended = run(project, "run", *WITHOUT_PRELOADING)
    assert ended.returncode == 0, ended.stderr
    early, loss = status(project)["arms"][1:]
    assert (early["decision"], early["reason"]) == ("Undecided", "CurveNotReported")
    assert "h0, h1, h2, epoch 2 was not reported: the train function never called trial.report" in early["message"]
    assert loss["agreement"]["kendallTau"] == "1"
    assert "For early, report what trial.wanted_epochs asks for" in " ".join(ended.stdout.split())
