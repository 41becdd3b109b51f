"""What goes wrong while a study runs: it is said whose fault it was, and the rest goes on."""

from __future__ import annotations

import re
import resource
import shutil
from pathlib import Path

import pytest

from builders.toy_project import (
    STUDY,
    WITHOUT_PRELOADING,
    a_hypothesis,
    a_project,
    failures,
    of_quality,
    results,
    run,
    write_manifests,
)

TEAM = """
import resource

def raises(trial):
    raise ValueError("momentum and loss disagree")

def returns_nan(trial):
    return {"accuracy": float("nan")}

def returns_nothing(trial):
    pass

def returns_another_metric(trial):
    return {"acuracy": 0.5}

def exhausts_memory(trial):
    return {"accuracy": len(bytearray(1 << 46))}

def hangs(trial):
    while True:
        pass

def fills_the_disk(trial):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))  # as if so many bytes were free
    for epoch in range(100):
        trial.report(epoch, accuracy=0.5)
    return {"accuracy": 0.5}

def reads_its_data(trial):
    images, labels = trial.training_data()
    return {"accuracy": len(labels)}
"""

FAILURES = {
    "raises": "TrainFunctionRaised: ValueError: momentum and loss disagree",
    "returns-nan": "ScoreNotFinite: metric 'accuracy': given nan; allowed: a finite number",
    "returns-nothing": "MetricMissing: the train function returned None; allowed: a mapping with 'accuracy'",
    "returns-another-metric": "MetricMissing: .*'accuracy'.* did you mean 'acuracy'",
    "exhausts-memory": "OutOfMemory: MemoryError",
    "hangs": "DeadlineExceeded: still running after 5 s .*failing_team.py",
    "fills-the-disk": "StoreFailed: file://",
    "recipe-typo": r"InvalidRecipe: recipe\.learningrate: no such field; did you mean 'learningRate'\?; allowed: arch",
    "shard-missing": r"InvalidDataset: shard train/image-8/\S+: missing; expected \d+ bytes",
    "shard-truncated": r"InvalidDataset: shard train/image-8/\S+: \d+ bytes; expected \d+",
    "shard-changed": r"InvalidDataset: shard train/image-8/\S+: damaged",
}
"""What a hypothesis of that name is said to have failed of."""

OTHERS = {
    "recipe-typo": 'recipe: {learningrate: 0.1}, trainer: {entrypoint: "assay_trainer.vision:train"}',
    **{
        name: f"dataset: {{manifest: {name}/manifest.json}}, recipe: {{of: {name}}}, "
        'trainer: {entrypoint: "failing_team:reads_its_data"}'
        for name in ("shard-missing", "shard-truncated", "shard-changed")
    },
}
"""Specs of the hypotheses that are not just a function of failing_team."""


def damage(folder: Path, how: str) -> None:
    """Damage the training images that a data set has in size 8."""
    (shard,) = (folder / "train" / "image-8").glob("0*.arrow")
    whole = shard.read_bytes()
    shard.unlink()
    middle = len(whole) // 2  # within its one block, which is most of the file
    if how == "shard-truncated":
        shard.write_bytes(whole[:middle])
    elif how == "shard-changed":
        shard.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])


def test_every_failure_is_told_with_its_reason_and_the_others_are_ranked(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    (project / "failing_team.py").write_text(TEAM)
    for name in ("shard-missing", "shard-truncated", "shard-changed"):
        shutil.copytree(project / "shards", project / name)
        damage(project / name, name)
    functions = {name: f'trainer: {{entrypoint: "failing_team:{name.replace("-", "_")}"}}' for name in FAILURES}
    specs = {**functions, **OTHERS}
    write_manifests(
        project,
        STUDY.replace("deadlineSeconds: 30", "deadlineSeconds: 5").replace("[{name: short, epochs: 1}]", "[]"),
        *(of_quality(number) for number in range(3)),
        *(a_hypothesis(name, f"Fails: {name}.", specs[name]) for name in FAILURES),
    )
    done = run(project, "run")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    text = " ".join(done.stdout.split())
    untold = [name for name, reason in FAILURES.items() if not re.search(f" {name} failed. {reason}", text)]
    assert untold == [], text
    assert re.findall(r"^\d(?: \[\d–\d\])?(?: \*)? {2,}(\S+)", done.stdout, re.M) == ["h2", "h1", "h0"]
    assert "6 of 28 trials succeeded, 22 failed" in text
    on_the_store = [each["message"] for each in failures(project) if each["reason"] == "StoreFailed"]
    assert len(on_the_store) == 6, "each of two trials is tried again twice, since the store is not the team's"
    assert all(message.endswith(": File too large") for message in on_the_store)


def test_a_study_without_any_result_fails_and_can_be_mended_and_tried_again(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project", hypotheses=2)
    (project / "toy_team.py").write_text("def train(trial):\n    return {'accuracy': float(open('it').read())}\n")
    failed = run(project)
    assert failed.returncode == 1
    assert "FileNotFoundError" in failed.stdout
    (project / "it").write_text("0.5")
    assert run(project, "run", *WITHOUT_PRELOADING, "--retry-failed").returncode == 0
    assert len(results(project)) == 8


def test_a_store_on_a_full_disk_ends_the_run_with_a_sentence_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python itself would keep the first 500 bytes of the team's bytecode, and not import it any more.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    project = a_project(tmp_path / "project", hypotheses=2)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))  # of what this process starts now
    try:
        full = run(project)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.returncode == 1
    assert re.fullmatch(r"assay: file://\S+: File too large\n", full.stderr)
    assert run(project).returncode == 0
