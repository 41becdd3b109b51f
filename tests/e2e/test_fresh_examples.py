"""A study about fresh examples, with a train function that says how each held-out example fared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders.toy_project import STUDY, WITHOUT_PRELOADING, a_project, of_quality, run, write_manifests

TRAIN = """
import numpy as np

def train(trial):
    _, labels = trial.held_out()
    quality = trial.recipe.get("quality", 0)
    random = np.random.default_rng([trial.seed, quality])
    correct = np.arange(len(labels)) < 8 if quality < 3 else np.ones(len(labels), bool)
    correct = correct ^ (random.random(len(labels)) < 0.02)  # what a seed changes
    if quality != 2:
        trial.per_example(correct=correct)
    return {"accuracy": correct.mean(), "loss": 1.0}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = a_project(tmp_path / "toy")
    (folder / "toy_team.py").write_text(TRAIN)
    return folder


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    ended = run(folder, "report", "-o", "json")
    assert ended.returncode == 0, ended.stderr
    return {row["name"]: row for row in json.loads(ended.stdout)["ranking"]}


def write_study(folder: Path, generalise_to: str) -> None:
    study = STUDY.replace("{initial: 2, maximum: 2}", "{initial: 5, maximum: 5}").replace(
        "  proxies: [{name: short, epochs: 1}]\n", f"  verdicts: {{generaliseTo: {generalise_to}}}\n"
    )
    write_manifests(folder, study, *(of_quality(number) for number in range(4)))


def test_verdicts_rest_on_what_was_reported_and_a_hypothesis_that_reports_nothing_is_named(project: Path) -> None:
    write_study(project, "HeldOut")
    ended = run(project, "run", *WITHOUT_PRELOADING)
    assert ended.returncode == 0, ended.stderr
    assert rows(project)["h3"]["verdict"] == "Better"  # on the twelve examples that there are
    write_study(project, "FreshExamples")
    again = run(project, "run", *WITHOUT_PRELOADING)
    assert again.returncode == 0, again.stderr
    found = rows(project)
    assert found["h3"]["verdict"] == "Inconclusive"  # of so few examples, fresh ones may be others
    assert "trial.per_example" in found["h2"]["message"]
    assert "message" not in found["h1"] or "trial.per_example" not in found["h1"]["message"]
