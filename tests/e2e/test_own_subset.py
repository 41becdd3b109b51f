"""A core-set by a function of the team's own, from the manifest to the trials that wait for it."""

from __future__ import annotations

import json
from pathlib import Path

from builders.toy_project import STUDY, a_project, failures, of_quality, results, run, write_manifests

SCORED = "{name: scored, dataPercent: 25, subset: Custom, subsetEntrypoint: toy_subsets:dark}"

SUBSETS = """
import numpy as np

def dark(preparation):
    images, _ = preparation.training_data()
    return -images.reshape(len(images), -1).mean(1)

def damaged(preparation):
    return dark(preparation) * np.nan
"""

TRAIN = """
def train(trial):
    images, _ = trial.training_data()
    return {"accuracy": 0.5 + 0.01 * trial.recipe.get("quality", 0), "light": float(images.mean()), "seen": len(images)}
"""


def a_scored_project(folder: Path, proxy: str = SCORED) -> Path:
    project = a_project(folder, hypotheses=2)
    (project / "toy_subsets.py").write_text(SUBSETS)
    (project / "toy_team.py").write_text(TRAIN)
    write_manifests(project, STUDY.replace("{name: short, epochs: 1}", proxy), of_quality(0), of_quality(1))
    return project


def test_a_function_chooses_once_for_all_trials_of_its_arm_and_runs_again_when_it_is_edited(tmp_path: Path) -> None:
    project = a_scored_project(tmp_path / "project")
    done = run(project)
    assert done.returncode == 0, done.stderr
    (arm,) = (each for each in json.loads(done.stdout)["arms"] if each["name"] == "scored")
    assert float(arm["cost"]["preparationAcceleratorSeconds"]) > 0
    by_arm = {each["arm"]: each["metrics"] for each in results(project).values()}
    assert by_arm["scored"]["seen"] == by_arm["reference"]["seen"] // 4
    assert by_arm["scored"]["light"] < by_arm["reference"]["light"]
    preparations = project / ".assay/store/default/preparations"
    assert len(list(preparations.glob("*.json"))) == 1

    (project / "toy_subsets.py").write_text(SUBSETS.replace("return -images", "return images"))
    assert run(project).returncode == 0
    assert len(list(preparations.glob("*.json"))) == 2


def test_an_arm_whose_function_returns_nonsense_fails_and_says_so(tmp_path: Path) -> None:
    project = a_scored_project(tmp_path / "project", SCORED.replace(":dark", ":damaged"))
    done = run(project)
    (failure,) = failures(project)
    assert failure["reason"] == "SubsetUnusable"
    assert "subset function toy_subsets:damaged: returned nan for example 0" in failure["message"]
    assert {each["arm"] for each in results(project).values()} == {"reference"}
    (arm,) = (each for each in json.loads(done.stdout)["arms"] if each["name"] == "scored")
    assert arm["reason"] == "PreparationFailed"
    assert "SubsetUnusable: subset function toy_subsets:damaged" in arm["message"]


def test_a_function_that_is_not_there_is_named_before_anything_runs(tmp_path: Path) -> None:
    project = a_scored_project(tmp_path / "project", SCORED.replace(":dark", ":drak"))
    done = run(project)
    assert done.returncode == 2
    assert "ProxyStudy/toy: spec.proxies[0].subsetEntrypoint: given toy_subsets:drak" in done.stderr
    assert "did you mean 'dark'?" in done.stderr
    assert results(project) == {}
