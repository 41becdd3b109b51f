"""A team's folder as the command line finds it: a study, its hypotheses, a data set and a train function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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
  seeds: {initial: 2, maximum: 2}
"""

HYPOTHESIS = """
apiVersion: assay.dev/v1alpha1
kind: Hypothesis
metadata: {{name: {name}}}
spec: {{statement: "{statement}"{more}}}
"""

WITHOUT_PRELOADING = ("--preload", "")
"""Options of `run` for train functions that need nothing that is slow to import."""


def a_project(folder: Path, *, hypotheses: int = 4, seconds: float = 0.0) -> Path:
    """Write a study, its hypotheses, data set and train function into a folder, and return the folder."""
    folder.mkdir(exist_ok=True)
    tiny_dataset(folder)
    write_train_function(folder, seconds=seconds)
    write_manifests(folder, STUDY, *(of_quality(number) for number in range(hypotheses)))
    return folder


def of_quality(number: int) -> str:
    """Return the hypothesis h<number>, which is better than all with smaller numbers."""
    return a_hypothesis(f"h{number}", f"Quality {number}.", f"recipe: {{quality: {number}}}")


def a_hypothesis(name: str, statement: str, spec: str = "") -> str:
    """Return a hypothesis' manifest; `spec` is YAML with more fields of its spec."""
    return HYPOTHESIS.format(name=name, statement=statement, more=f", {spec}" if spec else "")


def write_manifests(folder: Path, *documents: str) -> None:
    (folder / "study.yaml").write_text("---".join(documents))


def write_train_function(folder: Path, *, seconds: float = 0.0, change: str = "") -> None:
    (folder / "toy_team.py").write_text(TRAIN.format(seconds=seconds, change=change))


def command(project: Path, *arguments: str) -> list[str]:
    """Return a command line that works on the project's study."""
    return [sys.executable, "-P", "-m", "assay.cli", *arguments, "-f", str(project / "study.yaml")]


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the project's study, by default `assay run`, and return what it printed."""
    given = arguments or ("run", "-o", "json", *WITHOUT_PRELOADING)
    return _completed(command(project, *given), project)


def assay(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder and return what it printed."""
    return _completed([sys.executable, "-P", "-m", "assay.cli", *arguments], folder)


def _completed(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "160"}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def results(project: Path) -> dict[str, Any]:
    """Return the results in the project's store by key."""
    found = (project / ".assay/store/default/results").glob("*.json")
    return {path.stem: json.loads(path.read_text()) for path in found}


def failures(project: Path) -> list[dict[str, Any]]:
    """Return the failed attempts in the project's store."""
    return [json.loads(path.read_text()) for path in (project / ".assay/store/default/attempts").rglob("*.json")]


def started(project: Path) -> list[str]:
    """Return the key of each attempt that was started."""
    return sorted(path.parent.name for path in (project / ".assay/store").glob("*/studies/*/started/*/*.json"))
