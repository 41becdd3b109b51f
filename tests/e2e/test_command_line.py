"""assay run as a person uses it: real processes, a real store, a train function beside the manifests."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from builders.toy_project import (
    WITHOUT_PRELOADING,
    a_project,
    command,
    failures,
    results,
    run,
    started,
    write_train_function,
)


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
    manifests = (project / "study.yaml").read_text()  # ten workers are killed, which may be all of one trial
    (project / "study.yaml").write_text(manifests.replace("deadlineSeconds: 30", "deadlineSeconds: 30, retries: 10"))
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


@pytest.mark.parametrize("output", ["table", "json"])
def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, output: str) -> None:
    project = a_project(tmp_path / "project", seconds=5.0)
    process = begun(project, "-o", output, *WITHOUT_PRELOADING)
    while not any((project / ".assay/logs/toy").glob("*.1.log")) and process.poll() is None:  # until a trial runs
        time.sleep(0.05)
    assert_interrupted(process)
    assert {failure["reason"] for failure in failures(project)} == {"Stopped"}


def test_a_run_may_be_interrupted_before_anything_runs(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project", seconds=5.0)
    process = begun(project)
    while not (project / ".assay/logs/toy/forkserver.log").exists() and process.poll() is None:
        time.sleep(0.01)
    assert_interrupted(process)
    assert failures(project) == []


def test_a_second_run_of_a_study_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project", seconds=0.2)
    first = begun(project, *WITHOUT_PRELOADING)
    while not started(project) and first.poll() is None:
        time.sleep(0.05)
    second = run(project)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.endswith(f"is being run already, by process {first.pid}\n")
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert len(started(project)) == 16


def begun(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """A run that goes on."""
    given = command(project, "run", *arguments)
    return subprocess.Popen(given, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_interrupted(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert errors.endswith("Stopped. Nothing is lost: the same command goes on from here.\n")
    assert "Traceback" not in errors
